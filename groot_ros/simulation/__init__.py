"""A Unitree G1 at a table in MuJoCo: scenarios, tasks, the scripted expert and demonstrations."""
