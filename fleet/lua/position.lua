-- include: _ready
-- position: where a job waits. Only reads.
-- ARGV  1 job id
-- Returns 1 for the next of its lane and language; 0 if it waits for its time, does not wait, or is unknown
return position_of(ARGV[1])
