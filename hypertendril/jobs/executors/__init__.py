"""Where segments are trained: processes of this machine, machines of a cluster."""
