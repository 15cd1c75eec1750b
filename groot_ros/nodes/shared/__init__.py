"""What every node is made of: parameters, life cycle, clocks, status, diagnostics."""
