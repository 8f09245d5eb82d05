using System.CommandLine;
using System.Text.Json;
using Kist.Cli.Backups;
using Kist.Cli.Client;
using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Secrets;

namespace Kist.Cli;

/// <summary>`kist operator`: the life of the server's keys.</summary>
internal static class OperatorCommands
{
    private const int DefaultShares = 5, DefaultThreshold = 3;

    public static Command Create() =>
        new KistCommand("operator", "Initialise, unseal and seal the server; manage its keys").With(
            Init(), Unseal(), Seal(), KeyStatus(), Rotate(),
            RekeyCommand.Create(), GenerateRootCommand.Create(), Migrate(),
            BackupCommands.Create(), RestoreCommand.Create(), MigrateStoreCommand.Create());

    private static KistCommand Init()
    {
        var command = new KistCommand("init", "Initialise a new server: make its root key and the first token")
        {
            Details = """
                The unseal keys (or, with a seal that unseals by itself, the recovery keys) and the root token are shown
                once and kept nowhere: store them apart from each other.
                """,
            Examples =
            [
                "kist operator init",
                "kist operator init --key-shares 5 --key-threshold 3",
                "kist operator init --save-token                   # the root token goes where `kist login` keeps it",
                "kist operator init --status",
            ],
        };
        var shares = command.Option<int?>("--key-shares", "N",
            $"Into how many keys the root key is split (else {DefaultShares})");
        var threshold = command.Option<int?>("--key-threshold", "N",
            $"How many of them are needed (else {DefaultThreshold})");
        var save = command.Switch("--save-token", "Keep the root token for the next commands");
        var status = command.Switch("--status", "Only say whether the server is initialised (exit code 2: not yet)");
        return command.Does((session, parsed) => parsed.GetValue(status)
            ? InitStatus(session)
            : Initialise(session, parsed.GetValue(shares), parsed.GetValue(threshold), parsed.GetValue(save)));
    }

    private static int InitStatus(Session session)
    {
        using var answer = session.Send(HttpMethod.Get, "sys/init");
        var done = answer.Data.Flag("initialized");
        var code = session.Finish(answer,
            () => session.Screen.Line(done ? "The server is initialised" : "The server is not initialised"));
        return code != 0 ? code : done ? 0 : Problem.Remote;
    }

    private static int Initialise(Session session, int? shares, int? threshold, bool save)
    {
        using var status = session.Send(HttpMethod.Get, "sys/seal-status");
        if (status.Problem is { } unreachable) return session.Fail(unreachable);
        if (status.Data.Flag("initialized"))
            return session.Fail(new Problem("the server is initialised already", "kist operator unseal, or kist login",
                Problem.Remote));
        var n = shares ?? DefaultShares;
        var t = threshold ?? Math.Min(DefaultThreshold, n);
        using var body = status.Data.Text("type") is "shamir" or ""
            ? new JsonBody().With("secret_shares", n).With("secret_threshold", t)
            : new JsonBody().With("recovery_shares", n).With("recovery_threshold", t);
        using var answer = session.Send(HttpMethod.Put, "sys/init", body.Close());
        if (answer.Problem is { } problem) return session.Fail(problem);
        // Printed before it is kept: a full disk must not cost the only copy of the keys.
        if (session.Whole) PrintAsVault(session, answer.Data, n, t);
        else if (session.Json) session.PrintJson(answer);
        else ShowKeys(session, answer.Data);
        return save && LoginCommand.Store(session, answer.Data.Text("root_token")) is { } unwritten
            ? session.Fail(unwritten)
            : 0;
    }

    // Vault's program has names of its own here, which scripts read: those of its API are others.
    private static void PrintAsVault(Session session, JsonElement made, int shares, int threshold)
    {
        var recovery = made.Member("recovery_keys_base64").Strings().Count > 0;
        using var text = new SecretWriter(1024);
        using (var writer = new Utf8JsonWriter(text))
        {
            writer.WriteStartObject();
            Keys("unseal_keys_b64", made.Member("keys_base64"));
            Keys("unseal_keys_hex", made.Member("keys"));
            writer.WriteNumber("unseal_shares", recovery ? 1 : shares);
            writer.WriteNumber("unseal_threshold", recovery ? 1 : threshold);
            Keys("recovery_keys_b64", made.Member("recovery_keys_base64"));
            Keys("recovery_keys_hex", made.Member("recovery_keys"));
            writer.WriteNumber("recovery_keys_shares", recovery ? shares : 0);
            writer.WriteNumber("recovery_keys_threshold", recovery ? threshold : 0);
            writer.WritePropertyName("root_token");
            made.Member("root_token").WriteTo(writer);
            writer.WriteEndObject();

            void Keys(string name, JsonElement keys)
            {
                writer.WriteStartArray(name);
                if (keys.ValueKind == JsonValueKind.Array)
                    foreach (var key in keys.EnumerateArray()) key.WriteTo(writer);
                writer.WriteEndArray();
            }
        }
        using var document = JsonDocument.Parse(text.WrittenMemory);
        session.PrintJson(document.RootElement);
    }

    private static void ShowKeys(Session session, JsonElement made)
    {
        using var table = new Table("KEY", "VALUE");
        AddKeys(table, "unseal key", made.Member("keys_base64"));
        AddKeys(table, "recovery key", made.Member("recovery_keys_base64"));
        if (made.Text("root_token").Length > 0) table.Cell("root token").Cell(made.Member("root_token"));
        session.Screen.Show(table);
        session.Screen.Remark("\nThese are shown once. Store the keys apart from each other, and the token with care.");
        if (made.Member("keys_base64").Strings().Count > 0) session.Screen.Remark("Next: kist operator unseal");
    }

    /// <summary>Adds numbered keys to a table.</summary>
    public static void AddKeys(Table table, string name, JsonElement keys)
    {
        if (keys.ValueKind != JsonValueKind.Array) return;
        var number = 0;
        foreach (var key in keys.EnumerateArray()) table.Cell($"{name} {++number}").Cell(key);
    }

    private static KistCommand Unseal()
    {
        var command = new KistCommand("unseal", "Give one unseal key; asks for keys until the server is unsealed")
        {
            Examples = ["kist operator unseal", "kist operator unseal - < key.txt", "kist operator unseal --reset"],
        };
        var key = command.Optional("KEY", "An unseal key; - reads it from standard input; left out: asked for");
        var reset = command.Switch("--reset", "Forget the keys given so far");
        var migrate = command.Switch("--migrate", "These keys belong to the old seal, which is being replaced");
        return command.Does((session, parsed) =>
        {
            if (!parsed.GetValue(reset)) return Unseal(session, parsed.GetValue(key), parsed.GetValue(migrate));
            using var body = new JsonBody().With("reset", true);
            using var answer = session.Send(HttpMethod.Put, "sys/unseal", body.Close());
            return session.Finish(answer, () => StatusCommand.Print(session, answer.Data));
        });
    }

    private static KistCommand Migrate()
    {
        var command = new KistCommand("migrate", "Move to another seal by giving the old seal's keys")
        {
            Details = """
                1. Configure the new seal and mark the old one `disabled = "true"`; restart the server.
                2. kist operator migrate, and give the unseal (or recovery) keys of the old seal.
                """,
            Examples = ["kist operator migrate"],
        };
        var key = command.Optional("KEY", "A key of the old seal; - reads it from standard input; left out: asked for");
        return command.Does((session, parsed) => Unseal(session, parsed.GetValue(key), migrate: true));
    }

    // A person at the terminal is asked for key after key; a script gives one key per call.
    private static int Unseal(Session session, string? typed, bool migrate)
    {
        while (true)
        {
            if (Key(session, typed, out var key) is { } problem) return session.Fail(problem);
            using var body = new JsonBody().With("key", key).With("migrate", migrate);
            using var answer = session.Send(HttpMethod.Put, "sys/unseal", body.Close());
            if (answer.Problem is { } refused) return session.Fail(refused);
            var status = answer.Data;
            if (typed is null && Prompt.CanAsk && status.Flag("sealed") && status.Number("progress") > 0)
            {
                session.Screen.Remark($"{status.Number("progress")} of {status.Number("t")} keys given");
                continue;
            }
            return session.Finish(answer, () => StatusCommand.Print(session, answer.Data));
        }
    }

    /// <summary>A key that was typed, read from standard input, or asked for.</summary>
    public static Problem? Key(Session session, string? typed, out string key)
    {
        key = typed ?? "";
        if (typed is null or "-") return Prompt.Text(session.Screen, "key", out key);
        session.Screen.Warn(
            "a key on the command line stays in shell history and ps shows it; leave it out to be asked");
        return null;
    }

    private static KistCommand Seal() =>
        new KistCommand("seal", "Seal the server: it forgets its keys and serves nothing until unsealed")
        {
            Examples = ["kist operator seal"],
        }.Does((session, _) => session.Do(HttpMethod.Put, "sys/seal", null, "The server is sealed"));

    private static KistCommand KeyStatus() =>
        new KistCommand("key-status", "Show the term and age of the encryption key")
        {
            Examples = ["kist operator key-status"],
        }.Does((session, _) => ShowKeyStatus(session));

    private static KistCommand Rotate() =>
        new KistCommand("rotate", "Encrypt with a new key from now on; old data stays readable")
        {
            Examples = ["kist operator rotate"],
        }.Does((session, _) =>
        {
            using var answer = session.Send(HttpMethod.Put, "sys/rotate");
            return answer.Problem is { } problem ? session.Fail(problem) : ShowKeyStatus(session);
        });

    private static int ShowKeyStatus(Session session)
    {
        using var answer = session.Send(HttpMethod.Get, "sys/key-status");
        return session.Finish(answer, () =>
        {
            using var table = new Table("KEY", "VALUE");
            table.Cell("term").Cell(answer.Data.Number("term"))
                .Cell("installed").Cell(Times.Short(answer.Data.Text("install_time")))
                .Cell("encryptions").Cell(answer.Data.Number("encryptions"));
            session.Screen.Show(table);
        });
    }
}
