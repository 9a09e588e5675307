-- Agents who follow a conversation without it being given to them.
create table conversation_participants (
    account_id bigint not null,
    conversation_id bigint not null,
    agent_id bigint not null,
    created_at timestamptz not null,
    primary key (account_id, conversation_id, agent_id),
    foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade,
    foreign key (account_id, agent_id) references agents (account_id, id)
);
create index conversation_participants_agent_idx on conversation_participants (account_id, agent_id, conversation_id);

-- Agents whom a note in the conversation named, and when one last did.
create table mentions (
    account_id bigint not null,
    conversation_id bigint not null,
    agent_id bigint not null,
    mentioned_at timestamptz not null,
    primary key (account_id, conversation_id, agent_id),
    foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade,
    foreign key (account_id, agent_id) references agents (account_id, id)
);
create index mentions_agent_idx on mentions (account_id, agent_id, conversation_id);

-- What somebody began to write in a conversation and has not sent.
create table drafts (
    account_id bigint not null,
    conversation_id bigint not null,
    content text not null check (length(content) <= 150000),
    updated_at timestamptz not null,
    primary key (account_id, conversation_id),
    foreign key (account_id, conversation_id) references conversations (account_id, id) on delete cascade
);
