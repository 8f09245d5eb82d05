import unittest

from hvac.exceptions import InvalidPath, InvalidRequest
from scene import Scene


class Kv1(Scene):
    def setUp(self):
        super().setUp()
        self.at = self.mount(1)
        self.kv = self.root.secrets.kv.v1

    def test_what_is_written_is_read(self):
        answer = self.kv.create_or_update_secret("a/b", {"user": "app", "n": 5, "list": [1]}, mount_point=self.at)
        self.assertEqual(204, answer.status_code)
        read = self.kv.read_secret("a/b", mount_point=self.at)
        self.assertEqual({"user": "app", "n": 5, "list": [1]}, read["data"])
        self.assertEqual(("", 2764800, False), (read["lease_id"], read["lease_duration"], read["renewable"]))

    def test_a_write_replaces_all_fields(self):
        self.kv.create_or_update_secret("a", {"x": "1", "y": "2"}, mount_point=self.at)
        self.kv.create_or_update_secret("a", {"x": "3"}, mount_point=self.at, method="PUT")
        self.assertEqual({"x": "3"}, self.kv.read_secret("a", mount_point=self.at)["data"])

    def test_a_ttl_is_the_readers_hint(self):
        self.kv.create_or_update_secret("a", {"x": "1", "ttl": "1h"}, mount_point=self.at)
        self.assertEqual(3600, self.kv.read_secret("a", mount_point=self.at)["lease_duration"])

    def test_names_are_listed_with_folders(self):
        for path in ("b", "a/x", "a/y"):
            self.kv.create_or_update_secret(path, {"v": "1"}, mount_point=self.at)
        self.assertEqual(["a/", "b"], self.kv.list_secrets("", mount_point=self.at)["data"]["keys"])
        self.assertEqual(["x", "y"], self.kv.list_secrets("a", mount_point=self.at)["data"]["keys"])

    def test_what_is_deleted_is_gone(self):
        self.kv.create_or_update_secret("a", {"x": "1"}, mount_point=self.at)
        self.assertEqual(204, self.kv.delete_secret("a", mount_point=self.at).status_code)
        self.assertRaises(InvalidPath, self.kv.read_secret, "a", mount_point=self.at)
        self.assertRaises(InvalidPath, self.kv.list_secrets, "", mount_point=self.at)
        self.assertEqual(204, self.kv.delete_secret("a", mount_point=self.at).status_code)

    def test_nothing_to_write_is_refused(self):
        self.refused(InvalidRequest, "missing data fields", self.kv.create_or_update_secret, "a", {},
                     mount_point=self.at)

    def test_the_old_methods_of_the_client_work(self):
        self.root.write(self.at + "/x", a="b")
        self.assertEqual({"a": "b"}, self.root.read(self.at + "/x")["data"])
        self.assertEqual(["x"], self.root.list(self.at)["data"]["keys"])
        self.root.delete(self.at + "/x")
        self.assertIsNone(self.root.read(self.at + "/x"))
        self.assertIsNone(self.root.list(self.at))


if __name__ == "__main__":
    unittest.main()
