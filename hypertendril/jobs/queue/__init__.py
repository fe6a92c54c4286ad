"""The queue of jobs: their records, who owns them, on a disk several processes share."""
