-- What the server keeps of a message beside what its receiver is shown: the template it was made from, the campaign.
alter table messages add column additional_attributes jsonb not null default '{}';
