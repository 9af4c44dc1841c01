"""The chat side: parse, resolve, fetch, admit, answer. Never imports torch or openvino."""
