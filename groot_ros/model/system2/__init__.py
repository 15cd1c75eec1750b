"""System 2: the vision-language backbone that turns images and an instruction into tokens."""
