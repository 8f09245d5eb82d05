"""A server from nothing: this script has one of its own, not initialised."""
import base64
import hashlib
import io
import tarfile
import unittest

from hvac.exceptions import Forbidden, InvalidRequest, VaultDown
from scene import Scene, client


class Node(Scene):
    def test_the_life_of_the_keys(self):
        self.uninitialised()
        made = self.root.sys.initialize(secret_shares=3, secret_threshold=2)
        self.assertEqual((3, 3), (len(made["keys"]), len(made["keys_base64"])))
        self.root = client(made["root_token"])
        self.unsealing(made["keys"])
        self.root.sys.enable_secrets_engine("kv", path="kv", options={"version": "1"})
        self.root.write("kv/x", v="1")
        self.rotating()
        self.snapshots()
        keys = self.rekeying(made["keys"])
        self.verified_rekeying(keys)
        self.new_root(keys)
        self.standing()
        self.root.sys.seal()
        self.assertTrue(self.root.sys.is_sealed())
        self.root.sys.submit_unseal_keys(keys)
        self.assertEqual("1", self.root.read("kv/x")["data"]["v"])

    def uninitialised(self):
        self.assertFalse(self.root.sys.is_initialized())
        self.assertEqual(501, self.root.sys.read_health_status(method="GET").status_code)
        self.assertEqual(501, self.root.sys.read_health_status(method="HEAD").status_code)
        self.assertEqual(299, self.root.sys.read_health_status(method="GET", uninit_code=299).status_code)
        self.assertTrue(self.root.sys.read_seal_status()["sealed"])
        self.refused(InvalidRequest, "", self.root.sys.submit_unseal_key, "00" * 33)
        self.refused(InvalidRequest, "", self.root.sys.initialize, secret_shares=1, secret_threshold=0)

    def unsealing(self, keys):
        sys = self.root.sys
        self.assertTrue(sys.is_initialized())
        self.assertRaises(InvalidRequest, sys.initialize, secret_shares=3, secret_threshold=2)
        self.assertEqual(503, sys.read_health_status(method="GET").status_code)
        self.assertRaises(VaultDown, self.root.read, "kv/x")
        self.assertRaises(InvalidRequest, sys.submit_unseal_key, "not a key")
        status = sys.submit_unseal_key(keys[0])
        self.assertEqual((True, 1, 2, 3), (status["sealed"], status["progress"], status["t"], status["n"]))
        self.assertEqual(1, sys.submit_unseal_key(keys[0])["progress"])
        self.assertEqual(0, sys.submit_unseal_key(reset=True)["progress"])
        self.assertFalse(sys.submit_unseal_keys(keys[1:])["sealed"])
        health = sys.read_health_status(method="GET")
        self.assertEqual((True, False, False), (health["initialized"], health["sealed"], health["standby"]))
        self.assertEqual(200, sys.read_health_status(method="HEAD").status_code)

    def rotating(self):
        self.assertEqual(1, self.root.sys.get_encryption_key_status()["data"]["term"])
        self.root.sys.rotate_encryption_key()
        self.assertEqual(2, self.root.key_status["term"])
        self.assertEqual("1", self.root.read("kv/x")["data"]["v"])

    def snapshots(self):
        """What backup jobs do with storage of the kind raft works, whatever the storage is."""
        snapshot = self.root.sys.take_raft_snapshot().content
        with tarfile.open(fileobj=io.BytesIO(snapshot), mode="r:gz") as archive:
            self.assertEqual("SHA256SUMS.sealed", archive.getnames()[-1])
            for line in archive.extractfile("SHA256SUMS").read().decode().splitlines():
                digest, _, member = line.partition("  ")
                self.assertEqual(digest, hashlib.sha256(archive.extractfile(member).read()).hexdigest())
        self.root.write("kv/x", v="2")
        self.assertEqual(204, self.root.sys.restore_raft_snapshot(snapshot).status_code)
        self.assertEqual("1", self.root.read("kv/x")["data"]["v"])
        self.root.write("kv/x", v="3")
        self.assertEqual(204, self.root.sys.force_restore_raft_snapshot(snapshot).status_code)
        self.assertEqual("1", self.root.read("kv/x")["data"]["v"])
        self.refused(InvalidRequest, "cut short", self.root.sys.restore_raft_snapshot, snapshot[:-1])
        self.refused(InvalidRequest, "raft storage is not in use", self.root.sys.read_raft_config)
        self.assertEqual("1", self.root.read("kv/x")["data"]["v"])

    def rekeying(self, keys):
        sys = self.root.sys
        self.assertFalse(sys.read_rekey_progress()["started"])
        sys.start_rekey(secret_shares=5, secret_threshold=3)
        progress = self.root.rekey_status
        self.assertEqual((True, 3, 5, 0, 2), tuple(progress[k] for k in ("started", "t", "n", "progress", "required")))
        self.refused(InvalidRequest, "rekey already in progress", sys.start_rekey, secret_shares=5, secret_threshold=3)
        self.assertEqual(204, sys.cancel_rekey().status_code)
        nonce = sys.start_rekey(secret_shares=5, secret_threshold=3)["nonce"]
        self.assertRaises(InvalidRequest, sys.rekey, keys[0], nonce="wrong")
        done = sys.rekey_multi(keys[:2], nonce=nonce)
        self.assertEqual((True, 5), (done["complete"], len(done["keys"])))
        self.assertRaises(InvalidRequest, sys.read_backup_keys)
        return done["keys"]

    def verified_rekeying(self, keys):
        sys = self.root.sys
        nonce = sys.start_rekey(secret_shares=2, secret_threshold=2, require_verification=True)["nonce"]
        done = sys.rekey_multi(keys[:3], nonce=nonce)
        self.assertTrue(done["verification_required"])
        self.assertEqual(0, sys.read_rekey_verify_progress()["progress"])
        sys.cancel_rekey_verify()
        self.assertTrue(sys.rekey_verify_multi(
            done["keys"], nonce=sys.read_rekey_verify_progress()["nonce"])["complete"])
        keys[:] = done["keys"]

    def new_root(self, keys):
        sys = self.root.sys
        started = sys.start_root_token_generation()
        self.assertEqual((True, 0, 2), (started["started"], started["progress"], started["required"]))
        sys.cancel_root_generation()
        started = sys.start_root_token_generation()
        self.assertTrue(self.root.generate_root_status["started"])
        self.assertEqual(1, sys.generate_root(keys[0], started["nonce"])["progress"])
        done = sys.generate_root(keys[1], started["nonce"])
        self.assertTrue(done["complete"])
        encoded = done["encoded_token"]
        token = base64.b64decode(encoded + "=" * (-len(encoded) % 4))
        decoded = bytes(a ^ b for a, b in zip(token, started["otp"].encode())).decode()
        self.root.auth.token.revoke_self()
        self.assertRaises(Forbidden, self.root.read, "kv/x")
        self.root = client(decoded)
        self.assertEqual(["root"], self.root.auth.token.lookup_self()["data"]["policies"])

    def standing(self):
        self.assertIn("ha_enabled", self.root.ha_status)
        self.assertFalse(self.root.seal_status["sealed"])
        self.assertIn("is_self", self.root.sys.read_leader_status())


if __name__ == "__main__":
    unittest.main()
