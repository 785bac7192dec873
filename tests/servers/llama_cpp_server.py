"""llama.cpp's server with one model, until it is killed: python llama_cpp_server.py MODEL PORT CONTEXT SLOTS."""

import signal
import sys

import xllamacpp

model, port, context, slots = sys.argv[1], *map(int, sys.argv[2:])
params = xllamacpp.CommonParams()
params.model.path = model
params.port = port
params.n_ctx = context
params.n_parallel = slots
# As `llama-server` does by itself: the slots share one context, so that each of them has all of it.
params.kv_unified = True
params.n_predict = 1500
params.sampling.seed = 1
params.cpuparams.n_threads = 2
params.warmup = False
params.ui = False
params.offline = True
params.api_keys = ["sk-of-the-local-server"]
server = xllamacpp.Server(params)
print("at", server.listening_address, flush=True)
signal.pause()
