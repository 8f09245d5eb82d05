using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Input;
using Kist.Cli.Output;

namespace Kist.Cli;

/// <summary>`kist operator rekey`: a new root key split into new keys, by those who hold the old ones.</summary>
internal static class RekeyCommand
{
    private const string Recovery = "sys/rekey-recovery-key/";

    public static KistCommand Create()
    {
        var command = new KistCommand("rekey", "Make new unseal or recovery keys")
        {
            Details = """
                1. kist operator rekey --init --key-shares 5 --key-threshold 3   starts and shows a nonce
                2. kist operator rekey                                           each holder gives an old key
                The last old key brings the new keys. With --verify at the start they count only after enough of them
                were given back with `kist operator rekey --verify`.
                """,
            Examples =
            [
                "kist operator rekey --init --key-shares 5 --key-threshold 3",
                "kist operator rekey",
                "kist operator rekey --status",
                "kist operator rekey --cancel",
            ],
        };
        var key = command.Optional("KEY", "An old key; - reads it from standard input; left out: asked for");
        var init = command.Switch("--init", "Start");
        var status = command.Switch("--status", "Show how far it is");
        var cancel = command.Switch("--cancel", "Stop and forget the keys given so far");
        var verify = command.Switch("--verify", "With --init: ask for verification; else: give a new key back");
        var shares = command.Option<int?>("--key-shares", "N", "Into how many keys the new root key is split (else 5)");
        var threshold = command.Option<int?>("--key-threshold", "N", "How many of them are needed (else 3)");
        var nonce = command.Option<string?>("--nonce", "NONCE", "The attempt meant, as --init showed it");
        var target = command.Option<string?>("--target", "KIND", "barrier (the default) or recovery");
        return command.Does((session, parsed) =>
        {
            var root = parsed.GetValue(target) switch
            {
                null or "barrier" => "sys/rekey/",
                "recovery" => Recovery,
                _ => null,
            };
            if (root is null)
                return session.Fail(new Problem("there is no such target", "--target barrier or --target recovery"));
            var verifying = parsed.GetValue(verify);
            if (parsed.GetValue(init))
                return Start(session, root, parsed.GetValue(shares) ?? 5, parsed.GetValue(threshold) ?? 3, verifying);
            if (parsed.GetValue(cancel))
                return session.Do(HttpMethod.Delete, StateOf(root, verifying), null, "Cancelled");
            return parsed.GetValue(status)
                ? Status(session, root, verifying)
                : Give(session, root, verifying, parsed.GetValue(key), parsed.GetValue(nonce));
        });
    }

    private static int Start(Session session, string root, int shares, int threshold, bool verify)
    {
        using var body = new JsonBody().With("secret_shares", shares)
            .With("secret_threshold", Math.Min(shares, threshold)).With("require_verification", verify);
        using var answer = session.Send(HttpMethod.Put, root + "init", body.Close());
        return session.Finish(answer, () =>
        {
            Show(session, answer.Data, verifying: false);
            if (answer.Data.Number("n") != shares)
                session.Screen.Warn("this server unseals itself: its root key is split into no keys for people. "
                    + "New recovery keys come from --target recovery");
            session.Screen.Remark("\nNext: each holder of an old key: kist operator rekey"
                + (root == Recovery ? " --target recovery" : ""));
        });
    }

    private static string StateOf(string root, bool verifying) => root + (verifying ? "verify" : "init");

    private static int Status(Session session, string root, bool verifying)
    {
        using var answer = session.Send(HttpMethod.Get, StateOf(root, verifying));
        return session.Finish(answer, () => Show(session, answer.Data, verifying));
    }

    private static int Give(Session session, string root, bool verifying, string? typed, string? nonce)
    {
        var update = root + (verifying ? "verify" : "update");
        while (true)
        {
            using var status = session.Send(HttpMethod.Get, StateOf(root, verifying));
            if (status.Problem is { } unknown) return session.Fail(unknown);
            if (!status.Data.Flag("started"))
                return session.Fail(new Problem("nothing is under way", "kist operator rekey --init", Problem.Remote));
            var attempt = nonce ?? status.Data.Text("nonce");
            if (OperatorCommands.Key(session, typed, out var key) is { } problem) return session.Fail(problem);
            using var body = new JsonBody().With("key", key).With("nonce", attempt);
            using var answer = session.Send(HttpMethod.Put, update, body.Close());
            if (answer.Problem is null && !answer.Data.Flag("complete") && typed is null && Prompt.CanAsk)
            {
                session.Screen.Remark($"{answer.Data.Number("progress")} of {Needed(answer.Data)} keys given");
                continue;
            }
            return session.Finish(answer, () => Show(session, answer.Data, verifying));
        }
    }

    /// <param name="verifying">Whether new keys were given back: then the last answer has none.</param>
    private static void Show(Session session, JsonElement state, bool verifying)
    {
        using var table = new Table("KEY", "VALUE");
        var complete = state.Flag("complete");
        OperatorCommands.AddKeys(table, "new key", state.Member("keys_base64"));
        var waits = complete && state.Flag("verification_required");
        table.Cell("state").Cell(waits ? "waits for the new keys" : complete ? "complete"
            : state.Flag("started") ? "under way" : "nothing under way");
        if (!complete && state.Flag("started"))
            table.Cell("progress").Cell($"{state.Number("progress")} of {Needed(state)}")
                .Cell("new keys").Cell($"{state.Number("t")} of {state.Number("n")} needed");
        if (state.Text("nonce") is { Length: > 0 } nonce) table.Cell("nonce").Cell(nonce);
        if (state.Text("verification_nonce") is { Length: > 0 } verification)
            table.Cell("verification nonce").Cell(verification);
        session.Screen.Show(table);
        if (complete && verifying)
            session.Screen.Remark("\nThe new keys count from now on; the old ones no longer do");
        else if (complete && state.Member("keys_base64").Strings().Count == 0)
            session.Screen.Remark("\nThe root key is new, and the seal keeps it: there are no new keys to hand out");
        if (waits)
            session.Screen.Remark("\nThe new keys count once enough of them are given: kist operator rekey --verify");
    }

    // Old keys are counted against what they need now; new ones, given back, against what they will need.
    private static long Needed(JsonElement state) =>
        state.Number("required") is > 0 and var required ? required : state.Number("t");
}
