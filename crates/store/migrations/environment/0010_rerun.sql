-- Whether somebody asked for the job while it ran, so that it runs again; it read `wanted_again`.
ALTER TABLE jobs RENAME COLUMN wanted_again TO rerun_requested;
