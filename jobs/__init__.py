"""The durable engine: workflows, queues, child processes, patrol. Knows how to run the walk, not what a step does."""
