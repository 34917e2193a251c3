"""The sections of the report, one file each: a function of the roles that tells it, or gives None without the runs."""
