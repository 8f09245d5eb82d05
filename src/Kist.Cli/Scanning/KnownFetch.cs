using System.Text.Json;
using Kist.Cli.Client;
using Kist.Cli.Output;
using Kist.Scan.Known;

namespace Kist.Cli.Scanning;

/// <summary>
/// Asks the server for keyed fingerprints of what it holds. The values never come here; what comes stays in memory.
/// </summary>
internal sealed class KnownFetch(Session session)
{
    private readonly List<KnownValues> _sets = [];

    /// <summary>What was sent, a set for each answer, since each has its own key.</summary>
    public IReadOnlyList<KnownValues> Sets => _sets;

    /// <summary>How many values there are to look for.</summary>
    public int Values { get; private set; }

    /// <summary>How many the server makes no fingerprint of, because it would give them away.</summary>
    public long LeftOut { get; private set; }

    /// <summary>Asks for what lies below each path; without one, for all that this token may have.</summary>
    public Problem? Ask(string[] paths)
    {
        if (paths.Length == 0) return AskAll();
        foreach (var path in paths)
        {
            if (Mount.Find(session, path, out var mount) is { } unknown) return unknown;
            if (!mount.Versioned)
                return new Problem($"{mount.Path} is kv version 1, which makes no fingerprints",
                    $"kist mount tune {mount.Path.TrimEnd('/')} --option version=2", ScanRun.Incomplete);
            if (Pages(mount, out _) is { } refused) return refused;
        }
        return None();
    }

    private Problem? AskAll()
    {
        using var answer = session.Send(HttpMethod.Get, "sys/internal/ui/mounts");
        if (answer.Problem is { } problem) return problem;
        Problem? last = null;
        if (answer.Data.Member("secret") is { ValueKind: JsonValueKind.Object } all)
            foreach (var mount in all.EnumerateObject())
            {
                if (!Mount.IsVersioned(mount.Value)) continue;
                // Of a mount that this token may not ask about, nothing is known; any other failure is one.
                if (Pages(new Mount(mount.Name, true, ""), out var isRefused) is not { } failed) continue;
                if (!isRefused) return failed;
                last = failed;
            }
        return Values == 0 && LeftOut == 0 && last is not null ? last : None();
    }

    // A scan that could find nothing must not look like a clean one.
    private Problem? None() => Values > 0 ? null : new Problem(
        LeftOut > 0 ? $"all {LeftOut} values there are too short or too easy to guess to be looked for"
            : "there are no values to look for",
        "kist scan --known-path PATH   (the token needs read on MOUNT/fingerprints/PATH)", ScanRun.Incomplete);

    private Problem? Pages(Mount mount, out bool isRefused)
    {
        // What lies below, for which policies are written PATH/*; else the one secret of this name.
        var problem = Pages(mount, mount.Below("fingerprints") + "/", out isRefused);
        return isRefused && mount.Name.Length > 0 ? Pages(mount, mount.Below("fingerprints"), out isRefused) : problem;
    }

    private Problem? Pages(Mount mount, string path, out bool isRefused)
    {
        isRefused = false;
        for (var after = ""; ;)
        {
            using var answer = session.Send(HttpMethod.Get,
                after.Length == 0 ? path : $"{path}?after={Uri.EscapeDataString(after)}");
            isRefused = answer.Status == 403 && !Hints.IsBadToken(answer);
            if (answer.Problem is { } problem) return problem;
            if (!Read(mount, answer.Data))
                return new Problem("the server's fingerprints cannot be read", "kist version", ScanRun.Incomplete);
            after = answer.Data.Text("next");
            if (after.Length == 0) return null;
        }
    }

    private bool Read(Mount mount, JsonElement data)
    {
        if (!data.Member("key").TryGetBytesFromBase64(out var key) || key.Length != Fingerprint.KeyBytes) return false;
        var fingerprints = new List<Fingerprint>();
        foreach (var value in data.Member("values").EnumerateArray())
        {
            if (!value.Member("fingerprints").TryGetBytesFromBase64(out var wire)
                || wire.Length % Fingerprint.WireBytes != 0) return false;
            var secret = $"{mount.Path}{value.Text("path")}#{value.Text("field")} (version {value.Number("version")})";
            for (var at = 0; at < wire.Length; at += Fingerprint.WireBytes)
            {
                if (Fingerprint.Read(secret, wire.AsSpan(at, Fingerprint.WireBytes)) is not { } one) return false;
                fingerprints.Add(one);
            }
            Values++;
        }
        LeftOut += data.Number("left_out");
        if (fingerprints.Count > 0) _sets.Add(new KnownValues(key, fingerprints));
        return true;
    }
}
