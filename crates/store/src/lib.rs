//! All SQL of Peeker: migrations, entities, queries per noun, write lanes, jobs, events.
