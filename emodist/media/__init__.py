"""From media files to rows: what lies where, what is planned, and what is done to each file.

Plain functions and child processes; `pipelines/` spreads them over a cluster.
"""
