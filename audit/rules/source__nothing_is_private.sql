select source_id
from marts.source
where is_private is distinct from false
order by source_id
