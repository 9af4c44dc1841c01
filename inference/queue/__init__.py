"""Job queues: `interface` is the contract, `memory` the embedded back end."""
