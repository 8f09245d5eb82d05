import unittest

from hvac.exceptions import Forbidden, InvalidRequest
from scene import ROOT, Scene, client, name


class Wrapping(Scene):
    def wrap(self, **fields):
        return self.root.write("sys/wrapping/wrap", wrap_ttl="60s", **fields)["wrap_info"]

    def test_what_is_wrapped_opens_once(self):
        info = self.wrap(password="sesame")
        self.assertEqual((60, "sys/wrapping/wrap"), (info["ttl"], info["creation_path"]))
        self.assertEqual({"password": "sesame"}, self.root.sys.unwrap(token=info["token"])["data"])
        self.refused(InvalidRequest, "wrapping token is not valid or does not exist", self.root.sys.unwrap,
                     token=info["token"])

    def test_the_wrapping_token_itself_may_open_it(self):
        info = self.wrap(password="sesame")
        self.assertEqual({"password": "sesame"}, client(info["token"]).sys.unwrap()["data"])

    def test_looking_does_not_open(self):
        info = self.wrap(a="b")
        seen = self.root.write("sys/wrapping/lookup", token=info["token"])["data"]
        self.assertEqual((60, "sys/wrapping/wrap"), (seen["creation_ttl"], seen["creation_path"]))
        self.assertEqual({"a": "b"}, self.root.sys.unwrap(token=info["token"])["data"])

    def test_wrapping_again_ends_the_first_token(self):
        info = self.wrap(a="b")
        again = self.root.write("sys/wrapping/rewrap", token=info["token"])["wrap_info"]
        self.assertRaises(InvalidRequest, self.root.sys.unwrap, token=info["token"])
        self.assertEqual({"a": "b"}, self.root.sys.unwrap(token=again["token"])["data"])

    def test_any_answer_can_be_wrapped(self):
        at = self.mount(1)
        self.root.write(at + "/x", v="1")
        wrapped = self.root.read(at + "/x", wrap_ttl="5m")
        self.assertIsNone(wrapped["data"])
        self.assertEqual(at + "/x", wrapped["wrap_info"]["creation_path"])
        self.assertEqual({"v": "1"}, self.root.sys.unwrap(wrapped["wrap_info"]["token"])["data"])
        made = self.root.auth.token.create(policies=["default"], wrap_ttl="5m")["wrap_info"]
        token = self.root.sys.unwrap(made["token"])["auth"]
        self.assertEqual(made["wrapped_accessor"], token["accessor"])
        self.assertTrue(client(token["client_token"]).is_authenticated())

    def test_a_wrapping_token_is_good_for_nothing_else(self):
        holder = client(self.wrap(a="b")["token"])
        self.assertRaises(Forbidden, holder.sys.list_mounted_secrets_engines)
        self.assertRaises(InvalidRequest, self.root.sys.unwrap, token=ROOT)


class Cubbyhole(Scene):
    def test_each_token_has_its_own(self):
        one, two = self.token(policies=["default"]), self.token(policies=["default"])
        one.write("cubbyhole/a/x", v="1", n=2)
        self.assertEqual({"v": "1", "n": 2}, one.read("cubbyhole/a/x")["data"])
        self.assertEqual(["a/"], one.list("cubbyhole")["data"]["keys"])
        self.assertIsNone(two.read("cubbyhole/a/x"))
        self.assertIsNone(self.root.read("cubbyhole/a/x"))
        one.delete("cubbyhole/a/x")
        self.assertIsNone(one.read("cubbyhole/a/x"))

    def test_it_ends_with_its_token(self):
        token = name("again")
        for _ in range(2):
            self.root.auth.token.create(id=token, policies=["default"])
            self.assertIsNone(client(token).read("cubbyhole/x"))
            client(token).write("cubbyhole/x", v="1")
            self.root.auth.token.revoke(token)


if __name__ == "__main__":
    unittest.main()
