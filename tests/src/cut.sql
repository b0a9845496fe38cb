SELECT count(pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = 'signalbox' AND datname = current_database() AND random() < 0.5
