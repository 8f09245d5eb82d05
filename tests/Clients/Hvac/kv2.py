import unittest

from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest
from scene import Scene

MERGE = {"Content-Type": "application/merge-patch+json"}


class Kv2(Scene):
    def setUp(self):
        super().setUp()
        self.at = self.mount(2)
        self.kv = self.root.secrets.kv.v2

    def put(self, path, cas=None, **fields):
        return self.kv.create_or_update_secret(path, fields, cas=cas, mount_point=self.at)["data"]

    def get(self, path, version=None):
        return self.kv.read_secret_version(path, version=version, mount_point=self.at)["data"]

    def metadata(self, path):
        return self.kv.read_secret_metadata(path, mount_point=self.at)["data"]

    def test_each_write_is_a_version(self):
        first = self.put("a", x="1")
        self.assertEqual((1, "", False), (first["version"], first["deletion_time"], first["destroyed"]))
        self.assertEqual(2, self.put("a", x="2")["version"])
        self.assertEqual({"x": "2"}, self.get("a")["data"])
        self.assertEqual({"x": "1"}, self.get("a", version=1)["data"])
        self.assertEqual(2, self.get("a")["metadata"]["version"])
        self.assertRaises(InvalidPath, self.get, "a", version=3)
        self.assertRaises(InvalidPath, self.get, "b")

    def test_check_and_set(self):
        self.put("a", cas=0, x="1")
        mismatch = "check-and-set parameter did not match the current version"
        self.refused(InvalidRequest, mismatch, self.put, "a", cas=0, x="2")
        self.refused(InvalidRequest, mismatch, self.put, "a", cas=7, x="2")
        self.assertEqual(2, self.put("a", cas=1, x="2")["version"])

    def test_a_mount_can_ask_for_check_and_set(self):
        self.kv.configure(max_versions=5, cas_required=True, delete_version_after="1h", mount_point=self.at)
        settings = self.kv.read_configuration(mount_point=self.at)["data"]
        self.assertEqual({"max_versions": 5, "cas_required": True, "delete_version_after": "1h0m0s"}, settings)
        self.refused(InvalidRequest, "check-and-set parameter required for this call", self.put, "a", x="1")
        self.assertNotEqual("", self.put("a", cas=0, x="1")["deletion_time"])

    def test_patch_as_this_client_does_it(self):
        self.put("a", x="1", y="2")
        self.kv.patch("a", {"y": "3"}, mount_point=self.at)
        self.assertEqual({"x": "1", "y": "3"}, self.get("a")["data"])
        self.refused(InvalidPath, "patch only works on existing data", self.kv.patch, "b", {"y": "3"},
                     mount_point=self.at)

    def test_patch_as_newer_clients_do_it(self):
        self.put("a", x="1", y="2")
        url = "/v1/%s/data/" % self.at
        body = {"data": {"y": None, "z": {"deep": 1}}, "options": {"cas": 1}}
        patched = self.root.adapter.request("patch", url + "a", json=body, headers=MERGE)
        self.assertEqual(2, patched["data"]["version"])
        self.assertEqual({"x": "1", "z": {"deep": 1}}, self.get("a")["data"])
        self.assertRaises(InvalidRequest, self.root.adapter.request, "patch", url + "a", json=body, headers=MERGE)
        self.assertRaises(InvalidPath, self.root.adapter.request, "patch", url + "none",
                          json={"data": {"x": 1}}, headers=MERGE)

    def test_deleted_versions_come_back_and_destroyed_ones_do_not(self):
        for value in "123":
            self.put("a", x=value)
        self.assertEqual(204, self.kv.delete_latest_version_of_secret("a", mount_point=self.at).status_code)
        self.assertRaises(InvalidPath, self.get, "a")
        self.kv.delete_secret_versions("a", [1, 2], mount_point=self.at)
        versions = self.metadata("a")["versions"]
        self.assertTrue(all(versions[v]["deletion_time"] for v in "123"))
        self.kv.undelete_secret_versions("a", [1, 3], mount_point=self.at)
        self.assertEqual({"x": "3"}, self.get("a")["data"])
        self.kv.destroy_secret_versions("a", [1, 2], mount_point=self.at)
        versions = self.metadata("a")["versions"]
        self.assertEqual([True, True, False], [versions[v]["destroyed"] for v in "123"])
        self.kv.undelete_secret_versions("a", [1], mount_point=self.at)
        self.assertRaises(InvalidPath, self.get, "a", version=1)

    def test_metadata_limits_the_versions(self):
        self.put("a", x="1")
        self.kv.update_metadata("a", max_versions=2, cas_required=False, delete_version_after="30m",
                                mount_point=self.at)
        for value in "23":
            self.put("a", x=value)
        found = self.metadata("a")
        self.assertEqual((2, 2, 3), (found["max_versions"], found["oldest_version"], found["current_version"]))
        self.assertEqual(["2", "3"], sorted(found["versions"]))
        self.assertEqual("30m0s", found["delete_version_after"])
        self.assertRaises(InvalidPath, self.get, "a", version=1)

    def test_custom_metadata_is_kept(self):
        self.put("a", x="1")
        self.root.write("%s/metadata/a" % self.at, custom_metadata={"owner": "team"})
        self.assertEqual({"owner": "team"}, self.metadata("a")["custom_metadata"])
        self.assertEqual({"owner": "team"}, self.get("a")["metadata"]["custom_metadata"])

    def test_deleting_the_metadata_removes_the_secret(self):
        self.put("a/b", x="1")
        self.put("c", x="1")
        self.assertEqual(["a/", "c"], self.kv.list_secrets("", mount_point=self.at)["data"]["keys"])
        self.kv.delete_metadata_and_all_versions("a/b", mount_point=self.at)
        self.assertRaises(InvalidPath, self.metadata, "a/b")
        self.assertEqual(["c"], self.kv.list_secrets("", mount_point=self.at)["data"]["keys"])
        self.assertEqual(1, self.put("a/b", x="1")["version"])

    def test_a_path_without_data_is_explained(self):
        self.refused(InvalidPath, "Invalid path for a versioned K/V secrets engine",
                     self.root.write, self.at + "/a", x="1")
        self.assertIsNone(self.root.read(self.at + "/a"))

    def test_policies_see_data_and_metadata_apart(self):
        self.put("a", x="1")
        reader = self.token(policies=[self.policy('path "%s/data/a" { capabilities = ["read"] }' % self.at)])
        kv = reader.secrets.kv.v2
        self.assertEqual({"x": "1"}, kv.read_secret_version("a", mount_point=self.at)["data"]["data"])
        self.assertRaises(Forbidden, kv.read_secret_metadata, "a", mount_point=self.at)
        self.assertRaises(Forbidden, kv.create_or_update_secret, "a", {"x": "2"}, mount_point=self.at)
        self.assertRaises(Forbidden, kv.delete_latest_version_of_secret, "a", mount_point=self.at)

    def test_a_mount_of_version_1_becomes_one_of_version_2(self):
        at = self.mount(1)
        self.root.secrets.kv.v1.create_or_update_secret("old", {"x": "1"}, mount_point=at)
        self.root.sys.tune_mount_configuration(path=at, options={"version": "2"})
        self.assertEqual("2", self.root.sys.retrieve_mount_option(at, "version"))
        read = self.kv.read_secret_version("old", mount_point=at)["data"]
        self.assertEqual(({"x": "1"}, 1), (read["data"], read["metadata"]["version"]))


if __name__ == "__main__":
    unittest.main()
