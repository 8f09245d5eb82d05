import unittest

from hvac.exceptions import Forbidden, InvalidPath
from scene import Scene, client, name


class Identity(Scene):
    def setUp(self):
        super().setUp()
        self.identity = self.root.secrets.identity
        self.at = self.userpass()
        self.accessor = self.root.sys.list_auth_methods()["data"][self.at + "/"]["accessor"]

    def entity(self, **named):
        made = name("entity")
        return made, self.identity.create_or_update_entity(made, **named)["data"]["id"]

    def alias(self, user, entity):
        return self.identity.create_or_update_entity_alias(user, entity, self.accessor)["data"]["id"]

    def login(self, user):
        self.root.auth.userpass.create_or_update_user(user, "correct horse", mount_point=self.at)
        return client(self.root.auth.userpass.login(
            user, "correct horse", use_token=False, mount_point=self.at)["auth"]["client_token"])

    def test_an_entitys_life(self):
        made, by_id = self.entity(metadata={"team": "x"}, policies=["app"])
        found = self.identity.read_entity(by_id)["data"]
        self.assertEqual((made, {"team": "x"}, ["app"], False),
                         (found["name"], found["metadata"], found["policies"], found["disabled"]))
        self.assertEqual(by_id, self.identity.read_entity_by_name(made)["data"]["id"])
        self.identity.update_entity(by_id, name=made, metadata={"team": "y"})
        self.assertEqual({"team": "y"}, self.identity.read_entity(by_id)["data"]["metadata"])
        self.assertIn(by_id, self.identity.list_entities()["data"]["keys"])
        self.assertIn(made, self.identity.list_entities_by_name()["data"]["keys"])
        self.assertEqual(by_id, self.identity.lookup_entity(name=made)["data"]["id"])
        self.assertEqual(204, self.identity.delete_entity(by_id).status_code)
        self.assertRaises(InvalidPath, self.identity.read_entity, by_id)

    def test_whoever_logs_in_is_the_entity_of_the_alias(self):
        made, by_id = self.entity(policies=[self.policy('path "sys/mounts" { capabilities = ["read"] }')])
        alias = self.alias("alice", by_id)
        user = self.login("alice")
        own = user.auth.token.lookup_self()["data"]
        self.assertEqual(by_id, own["entity_id"])
        self.assertEqual(1, len(own["identity_policies"]))
        self.assertIn("sys/", user.sys.list_mounted_secrets_engines()["data"])
        found = self.identity.read_entity_alias(alias)["data"]
        self.assertEqual(("alice", by_id, "userpass"), (found["name"], found["canonical_id"], found["mount_type"]))
        self.assertEqual(by_id, self.identity.lookup_entity(
            alias_name="alice", alias_mount_accessor=self.accessor)["data"]["id"])
        self.identity.update_entity(by_id, name=made, disabled=True)
        self.assertRaises(Forbidden, user.auth.token.lookup_self)
        self.identity.delete_entity_alias(alias)

    def test_a_login_makes_an_entity(self):
        own = self.login("bob").auth.token.lookup_self()["data"]
        aliases = self.identity.read_entity(own["entity_id"])["data"]["aliases"]
        self.assertEqual(["bob"], [alias["name"] for alias in aliases])

    def test_groups_give_policies(self):
        _, by_id = self.entity()
        self.alias("carol", by_id)
        user = self.login("carol")
        self.assertRaises(Forbidden, user.sys.list_mounted_secrets_engines)
        group = name("group")
        made = self.identity.create_or_update_group(
            group, policies=[self.policy('path "sys/mounts" { capabilities = ["read"] }')],
            member_entity_ids=[by_id])["data"]["id"]
        self.assertIn("sys/", user.sys.list_mounted_secrets_engines()["data"])
        found = self.identity.read_group_by_name(group)["data"]
        self.assertEqual((made, "internal", [by_id]), (found["id"], found["type"], found["member_entity_ids"]))
        self.assertEqual(group, self.identity.lookup_group(group_id=made)["data"]["name"])
        self.assertIn(group, self.identity.list_groups_by_name()["data"]["keys"])
        self.identity.delete_group(made)
        self.assertRaises(Forbidden, user.sys.list_mounted_secrets_engines)

    def test_policies_can_speak_of_the_entity(self):
        at = self.mount(1)
        rules = 'path "%s/{{identity.entity.metadata.team}}/*" { capabilities = ["create", "update", "read"] }' % at
        _, by_id = self.entity(metadata={"team": "blue"}, policies=[self.policy(rules)])
        self.alias("dora", by_id)
        user = self.login("dora")
        user.write(at + "/blue/x", v="1")
        self.assertEqual({"v": "1"}, user.read(at + "/blue/x")["data"])
        self.assertRaises(Forbidden, user.read, at + "/red/x")

    def test_two_entities_become_one(self):
        (_, one), (_, two) = self.entity(), self.entity()
        self.alias("erin", two)
        self.identity.merge_entities(from_entity_ids=[two], to_entity_id=one)
        self.assertEqual(one, self.login("erin").auth.token.lookup_self()["data"]["entity_id"])


if __name__ == "__main__":
    unittest.main()
