import importlib
import json
import sys

from orders import sign

settings = importlib.import_module(sys.argv[1] if len(sys.argv) > 1 else "settings")
print(json.dumps(sign(settings, "order-17"), separators=(",", ":")))
