using System.Diagnostics;
using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Cli.Serving;
using Kist.Kernel.Backups;
using Kist.Kernel.Seals;
using Kist.Kernel.Stores;
using Kist.Server.Configuration;

namespace Kist.Cli.Backups;

/// <summary><c>kist operator migrate-store</c>: moves to another kind of store while no server runs.</summary>
internal static class MigrateStoreCommand
{
    public static KistCommand Create()
    {
        var command = new KistCommand("migrate-store", "Copy everything to another store, of whatever kind")
        {
            Details = """
                Stop every server on the source first. Nothing is decrypted, so no key is needed, and everything stays
                valid: tokens, leases, unseal keys. The source is only read. Interrupted, the same command goes on where
                it was; no server starts on a part of a copy. At the end both sides are read and compared.

                --config takes a file with storage_source and storage_destination, as `vault operator migrate` does.
                """,
            Examples =
            [
                "kist operator migrate-store --from sqlite:/var/lib/kist --to postgres://kist@db.internal/kist",
                "kist operator migrate-store --from old.hcl --to new.hcl",
                "kist operator migrate-store --config migrate.hcl",
            ],
        };
        var from = command.Option<string?>("--from", "STORE", $"The source: {StoreAddress.Forms}");
        var to = command.Option<string?>("--to", "STORE", "The target, in the same forms");
        var config = command.Option<string?>("--config", "FILE", "Source and target as stanzas of one file");
        var force = command.Switch("--force", "Remove what the target holds");
        return command.Does((session, parsed) =>
        {
            var problem = Parse(parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(config),
                out var source, out var target);
            return problem is not null ? session.Fail(problem)
                : RunAsync(session, source!, target!, parsed.GetValue(force)).GetAwaiter().GetResult();
        });
    }

    private static Problem? Parse(
        string? from, string? to, string? config, out StorageConfig? source, out StorageConfig? target)
    {
        (source, target) = (null, null);
        if (config is not null) return from is null && to is null
            ? MigrationFile.Read(config, out source, out target)
            : new Problem("--config names both stores already", "leave out --from and --to");
        if (from is null || to is null) return new Problem("both stores are needed", "--from STORE --to STORE");
        return StoreAddress.Parse(from, out source) ?? StoreAddress.Parse(to, out target);
    }

    private static async Task<int> RunAsync(Session session, StorageConfig from, StorageConfig to, bool force)
    {
        try
        {
            if (StoreAddress.Open(from, mustExist: true, session.Screen, out var source) is { } unread)
                return session.Fail(unread with { Message = $"the source: {unread.Message}" });
            await using var left = source!;
            if (StoreAddress.Open(to, mustExist: false, session.Screen, out var target) is { } unwritten)
                return session.Fail(unwritten with { Message = $"the target: {unwritten.Message}" });
            await using var right = target!;
            var migration = new StoreMigration(left, right, Progress(session.Screen));
            var (result, refusal) = await migration.RunAsync(force, default);
            if (refusal is not null) return session.Fail(new Problem(refusal,
                refusal.StartsWith("the target", StringComparison.Ordinal) ? "--force removes it" : null));
            session.Screen.Line($"Copied {Sizes.Count(result!.Entries)} entries"
                + (result.WasResumed ? " (going on from an earlier attempt)" : "") + "; both stores are equal");
            session.Screen.Line($"SHA-256 {result.Digest}");
            session.Screen.Remark("Next: point the storage stanza to the new store, and start the servers");
            return 0;
        }
        catch (StoreException e)
        {
            return session.Fail(StoreAddress.ProblemOf(e));
        }
        catch (SealException e)
        {
            return session.Fail(new Problem($"the source: {e.Message}"));
        }
    }

    // A line each second, where somebody looks.
    private static Action<long, long> Progress(Screen screen)
    {
        if (screen.Quiet || !DescriptorStream.IsTerminal(2)) return static (_, _) => { };
        var (began, next) = (Stopwatch.GetTimestamp(), 1L);
        return (entries, bytes) =>
        {
            var seconds = (long)Stopwatch.GetElapsedTime(began).TotalSeconds;
            if (seconds < next) return;
            next = seconds + 1;
            screen.Ask($"{Sizes.Count(entries)} entries, {Sizes.Of(bytes)}\n");
        };
    }
}
