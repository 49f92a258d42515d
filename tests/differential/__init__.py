"""Random commands played to this server and to a real redis-server in lockstep: replies must be equal."""
