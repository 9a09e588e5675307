alter table inbox_members
    -- When a conversation was last given to the agent by itself: whoever waited longest is next.
    add column last_assigned_at timestamptz;
