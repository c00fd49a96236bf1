"""What a run will cost, before anything of it is computed: tokens, FLOPs, bytes, and time on several machines."""
