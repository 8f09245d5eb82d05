using Kist.Cli.Input;
using Kist.Cli.Output;
using Kist.Cli.Serving;
using Kist.Kernel.Backups;
using Kist.Kernel.Stores;
using Kist.Server.Configuration;

namespace Kist.Cli.Backups;

/// <summary><c>kist operator restore</c>: into a running server, or into a store while no server runs.</summary>
internal static class RestoreCommand
{
    public static KistCommand Create()
    {
        var command = new KistCommand("restore", "Put a backup into the place of everything there is")
        {
            Details = """
                Without --to and --config it goes to the running server, which replaces its own data. With one of them
                it goes into that store, of whatever kind, and no server need run.

                All of it comes, or nothing: an interrupted restore has changed nothing. A store that holds data is
                only replaced with --force. Unseal keys that no file holds are asked for. Tokens and leases stay
                behind unless --with-tokens says otherwise (a running server keeps those of its own cluster);
                `kist operator generate-root` makes a new root token.
                """,
            Examples =
            [
                "kist operator restore kist.backup                       # into the running server, after a question",
                "kist operator restore kist.backup --config /etc/kist/kist.hcl",
                "kist operator restore kist.backup --to postgres://kist@db/kist --unseal-keys keys.txt",
                "kist operator restore kist.backup --to sqlite:/var/lib/kist --config old.hcl --force",
            ],
        };
        var file = command.Required("FILE", "The backup; - reads standard input");
        var to = command.Option<string?>("--to", "STORE",
            $"Which store: {StoreAddress.Forms} (else the one that --config names)");
        var (config, keys) = BackupKeySource.Options(command);
        var force = command.Switch("--force",
            "Replace what is there; to a server also a backup made under other keys that its seal opens");
        var tokens = command.Switch("--with-tokens", "Tokens and leases of then are valid again");
        return command.Does((session, parsed) =>
        {
            var path = parsed.GetValue(file)!;
            if (parsed.GetValue(to) is null && parsed.GetValue(config) is null)
                return parsed.GetValue(keys) is null
                    ? ToServer(session, path, parsed.GetValue(force), parsed.GetValue(tokens))
                    : session.Fail(new Problem("--unseal-keys is for a restore without a server", "--to STORE"));
            if (BackupKeySource.Read(parsed.GetValue(config), parsed.GetValue(keys), out var source, out var read)
                is { } wrong) return session.Fail(wrong);
            var storage = read is null ? null : StoreAddress.WithEnvironment(read.Storage);
            if (parsed.GetValue(to) is { } text && StoreAddress.Parse(text, out storage) is { } unknown)
                return session.Fail(unknown);
            return ToStoreAsync(session, path, storage!, source,
                parsed.GetValue(force), parsed.GetValue(tokens)).GetAwaiter().GetResult();
        });
    }

    private static int ToServer(Session session, string path, bool force, bool withTokens)
    {
        if (session.Settings(out var settings) is { } unset) return session.Fail(unset);
        if (!force && path == "-") return session.Fail(new Problem("this needs a confirmation", "--force"));
        if (Prompt.Confirm(session.Screen,
            $"Replace everything in the server at {settings.Address} by {path}", force) is { } no)
            return session.Fail(no with { Hint = no.Hint is null ? null : "--force" });
        try
        {
            using var source = BackupFile.Open(path, session.Screen);
            var target = !force ? BackupCommands.SnapshotPath
                : $"{BackupCommands.SnapshotPath}-force{(withTokens ? "?with_tokens=true" : "")}";
            using var answer = session.Upload(target, source);
            return session.Finish(answer, () => session.Screen.Remark("The server works on what was in the backup"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return session.Fail(BackupFile.ProblemOf(path, e));
        }
    }

    private static async Task<int> ToStoreAsync(Session session, string path, StorageConfig storage,
        BackupKeySource keys, bool force, bool withTokens)
    {
        if (storage.Type == "inmem") return session.Fail(new Problem(
            "a store in memory exists only inside a server", "kist operator restore FILE, while it runs"));
        try
        {
            // A flipped bit at the beginning would look like a wrong key.
            if (File.Exists(path)) await CheckAsync(session, path);
            await using var source = BackupFile.Open(path, session.Screen);
            using var reader = await BackupReader.OpenAsync(source, default);
            var (root, locked) = await keys.UnlockAsync(reader, session.Screen);
            using var held = root;
            if (root is null) return session.Fail(locked!);
            if (StoreAddress.Open(storage, mustExist: false, session.Screen, out var store) is { } closed)
                return session.Fail(closed);
            await using var target = store!;
            using var contents = new BackupContents(root);
            var entries = contents.RestoredAsync(reader.EntriesAsync(), withTokens);
            if (!await target.ReplaceAsync(entries, force, default)) return session.Fail(new Problem(
                "the store holds data already; it was not changed", "--force replaces it; another --to keeps it"));
            return Done(session, reader, withTokens);
        }
        catch (StoreException e)
        {
            return session.Fail(StoreAddress.ProblemOf(e));
        }
        catch (Exception e) when (e is BackupException or IOException or UnauthorizedAccessException)
        {
            return session.Fail(BackupFile.ProblemOf(path, e));
        }
    }

    private static async Task CheckAsync(Session session, string path)
    {
        await using var source = BackupFile.Open(path, session.Screen);
        using var reader = await BackupReader.OpenAsync(source, default);
        await reader.CheckAsync(default);
    }

    private static int Done(Session session, BackupReader reader, bool withTokens)
    {
        session.Screen.Line($"Restored {Sizes.Count(reader.Entries)} entries of {reader.Header.Created:u}");
        session.Screen.Remark(withTokens
            ? "Tokens and leases of then are valid again. Next: kist server"
            : "Tokens and leases stayed behind. Next: kist server, then kist login or kist operator generate-root");
        return 0;
    }
}
