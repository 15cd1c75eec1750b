"""A live view for Foxglove and its kin; reads the graph, never writes to it."""
