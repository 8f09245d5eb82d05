import unittest

from hvac.exceptions import InvalidPath, InvalidRequest
from scene import Scene, name


class Mounts(Scene):
    def test_an_engine_is_mounted_tuned_and_unmounted(self):
        sys, at = self.root.sys, name("kv")
        made = sys.enable_secrets_engine("kv", path=at, description="first", options={"version": "2"},
                                         config={"default_lease_ttl": "30m", "max_lease_ttl": "1h"})
        self.assertEqual(204, made.status_code)
        answer = sys.list_mounted_secrets_engines()
        found = answer["data"][at + "/"]
        self.assertEqual(found, answer[at + "/"])
        self.assertEqual(("kv", "first", {"version": "2"}), (found["type"], found["description"], found["options"]))
        self.assertEqual((1800, 3600), (found["config"]["default_lease_ttl"], found["config"]["max_lease_ttl"]))
        self.assertTrue(found["accessor"].startswith("kv_"))
        sys.tune_mount_configuration(path=at, default_lease_ttl="10m", description="second",
                                     audit_non_hmac_request_keys=["plain"], listing_visibility="unauth")
        tuned = sys.read_mount_configuration(at)["data"]
        self.assertEqual((600, 3600, "second", ["plain"], "unauth"),
                         (tuned["default_lease_ttl"], tuned["max_lease_ttl"], tuned["description"],
                          tuned["audit_non_hmac_request_keys"], tuned["listing_visibility"]))
        self.assertEqual(204, sys.disable_secrets_engine(at).status_code)
        self.assertNotIn(at + "/", sys.list_mounted_secrets_engines()["data"])
        self.assertRaises(InvalidPath, self.root.write, at + "/x", v="1")

    def test_a_path_is_taken_once(self):
        at = self.mount(1)
        self.refused(InvalidRequest, "path is already in use at %s/" % at, self.root.sys.enable_secrets_engine,
                     "kv", path=at)
        self.refused(InvalidRequest, "path is already in use at %s/" % at, self.root.sys.enable_secrets_engine,
                     "kv", path=at + "/below")
        self.assertRaises(InvalidRequest, self.root.sys.enable_secrets_engine, "nosuchtype", path=name("x"))
        self.assertRaises(InvalidRequest, self.root.sys.disable_secrets_engine, "sys")

    def test_a_mount_moves_with_its_data(self):
        at, to = self.mount(1), name("moved")
        self.root.write(at + "/x", v="1")
        self.root.sys.move_backend(at, to)
        self.assertEqual("1", self.root.read(to + "/x")["data"]["v"])
        self.assertRaises(InvalidPath, self.root.write, at + "/x", v="1")

    def test_unmounting_erases(self):
        at = self.mount(1)
        self.root.write(at + "/x", v="1")
        self.root.sys.disable_secrets_engine(at)
        self.root.sys.enable_secrets_engine("kv", path=at, options={"version": "1"})
        self.assertIsNone(self.root.read(at + "/x"))


class Logins(Scene):
    def test_a_login_method_is_mounted_tuned_and_unmounted(self):
        sys, at = self.root.sys, name("userpass")
        sys.enable_auth_method("userpass", path=at, description="people", config={"default_lease_ttl": "20m"})
        found = sys.list_auth_methods()["data"][at + "/"]
        self.assertEqual(("userpass", "people"), (found["type"], found["description"]))
        sys.tune_auth_method(at, max_lease_ttl="40m", description="users")
        tuned = sys.read_auth_method_tuning(at)["data"]
        self.assertEqual((1200, 2400, "users"),
                         (tuned["default_lease_ttl"], tuned["max_lease_ttl"], tuned["description"]))
        self.root.auth.userpass.create_or_update_user("alice", "correct horse", mount_point=at)
        made = self.root.auth.userpass.login("alice", "correct horse", use_token=False, mount_point=at)["auth"]
        self.assertEqual(1200, made["lease_duration"])
        self.assertEqual(204, sys.disable_auth_method(at).status_code)
        self.assertNotIn(at + "/", sys.list_auth_methods()["data"])

    def test_users(self):
        at, users = self.userpass(), self.root.auth.userpass
        users.create_or_update_user("alice", "correct horse", policies="app", mount_point=at, token_ttl="15m")
        self.assertEqual(["alice"], users.list_user(mount_point=at)["data"]["keys"])
        found = users.read_user("alice", mount_point=at)["data"]
        self.assertEqual((900, ["app"]), (found["token_ttl"], found["token_policies"]))
        self.assertNotIn("password", found)
        own = self.token(policies=["default"])
        made = own.auth.userpass.login("alice", "correct horse", mount_point=at)["auth"]
        self.assertEqual((["app", "default"], 900, {"username": "alice"}),
                         (made["policies"], made["lease_duration"], made["metadata"]))
        self.assertEqual(made["client_token"], own.token)
        self.assertEqual("auth/%s/login/alice" % at, own.auth.token.lookup_self()["data"]["path"])
        users.update_password_on_user("alice", "battery staple", mount_point=at)
        self.refused(InvalidRequest, "invalid username or password", users.login, "alice", "correct horse",
                     mount_point=at)
        self.refused(InvalidRequest, "invalid username or password", users.login, "nobody", "x", mount_point=at)
        users.login("alice", "battery staple", use_token=False, mount_point=at)
        users.delete_user("alice", mount_point=at)
        self.assertRaises(InvalidPath, users.read_user, "alice", mount_point=at)
        self.assertRaises(InvalidRequest, users.login, "alice", "battery staple", mount_point=at)


if __name__ == "__main__":
    unittest.main()
