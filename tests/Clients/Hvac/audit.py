import json
import os
import unittest

from hvac.exceptions import InvalidRequest
from scene import Scene, name


class Audit(Scene):
    def test_a_sinks_life(self):
        sys, path = self.root.sys, name("sink")
        file = os.path.join(os.environ["KIST_AUDIT_FOLDER"], path + ".log")
        sys.enable_audit_device("file", path=path, description="second", options={"file_path": file})
        found = sys.list_enabled_audit_devices()["data"][path + "/"]
        self.assertEqual(("file", "second", file), (found["type"], found["description"], found["options"]["file_path"]))
        at = self.mount(1)
        self.root.write(at + "/x", v="sesame-in-a-log")
        hashed = sys.calculate_hash(path, "sesame-in-a-log")
        self.assertEqual(hashed["hash"], hashed["data"]["hash"])
        with open(file) as log:
            entries = [json.loads(line) for line in log]
        (written,) = [e for e in entries if e["type"] == "request" and e["request"]["path"] == at + "/x"]
        self.assertEqual({"v": hashed["data"]["hash"]}, written["request"]["data"])
        self.assertEqual(("create", "root"), (written["request"]["operation"], written["auth"]["display_name"]))
        self.refused(InvalidRequest, "path already in use", sys.enable_audit_device, "file", path=path,
                     options={"file_path": file})
        self.assertEqual(204, sys.disable_audit_device(path).status_code)
        self.assertNotIn(path + "/", sys.list_enabled_audit_devices()["data"])


if __name__ == "__main__":
    unittest.main()
