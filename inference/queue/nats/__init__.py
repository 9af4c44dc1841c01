"""The queue of many machines: JetStream streams of a NATS server, behind the same interface as the embedded one.

`queue.py` puts the parts together: `asking.py` is the bot's half, `leasing.py` the worker's, `results.py` what both
read and write, `adverts.py` how workers say what they can do. `connection.py` is the only file that knows the client
library, `streams.py` what is kept on the server.
"""
