-- A snapshot of usual size stays in its row as it is: to compress each takes longer than to write it.
alter table events set (toast_tuple_target = 8160);
