-- A webhook of an inbox hears of all that happens there; those made before somebody's typing was told do not yet.
update endpoints set subscriptions = subscriptions || array['conversation.typing_on', 'conversation.typing_off']
where kind = 'inbox' and not 'conversation.typing_on' = any (subscriptions);
