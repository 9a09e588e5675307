-- A snapshot is written once and handed on as it is: text is built and kept with half the work of a binary tree.
alter table events alter column snapshot type json using snapshot::json;
