using System.Text;
using Kist.Secrets;

namespace Kist.Formats.Sops;

/// <summary>The way of a data key through key groups: in shares where there are several.</summary>
internal static class KeyWrapping
{
    public static async ValueTask<SopsOutcome<SopsMetadata>> WrapAsync(
        DataKey key, SopsMetadata metadata, IReadOnlyList<ISopsKeySource> sources, CancellationToken ct)
    {
        var groups = metadata.Groups;
        if (groups.Count == 0 || groups.All(g => g.Keys.Count == 0))
            return new SopsFault(SopsExit.NoEncryptionKey, "there is no key to encrypt to");
        var threshold = metadata.ShamirThreshold == 0 ? groups.Count : metadata.ShamirThreshold;
        if (groups.Count > 1 && (threshold < 2 || threshold > groups.Count || groups.Count > Shamir.MaxShares))
            return new SopsFault(SopsExit.Generic,
                $"the Shamir threshold must be from 2 to the number of key groups, {groups.Count}, not {threshold}");
        var shares = groups.Count == 1 ? null : Shamir.SplitInOrder(key.Span, groups.Count, threshold);
        try
        {
            var wrapped = new List<KeyGroup>();
            for (var i = 0; i < groups.Count; i++)
            {
                var part = shares is null ? key.Memory : shares[i].Memory;
                var keys = new List<MasterKey>();
                foreach (var master in groups[i].Keys)
                {
                    if (sources.FirstOrDefault(s => s.Kind == master.Kind) is not { } source)
                        return new SopsFault(SopsExit.NoEncryptionKey,
                            $"keys of the kind {master.Kind} are not supported: {master.Id}");
                    if (!(await source.WrapAsync(master, part, ct)).Try(out var one, out var fault)) return fault;
                    keys.Add(one);
                }
                wrapped.Add(new KeyGroup(keys));
            }
            return metadata with { Groups = wrapped, ShamirThreshold = groups.Count == 1 ? 0 : threshold };
        }
        finally
        {
            foreach (var share in shares ?? []) share.Dispose();
        }
    }

    public static async ValueTask<SopsOutcome<DataKey>> UnwrapAsync(SopsMetadata metadata,
        IReadOnlyList<ISopsKeySource> sources, IReadOnlyList<string> order, CancellationToken ct)
    {
        var groups = metadata.Groups;
        var parts = new List<SecretBuffer>();
        var report = new StringBuilder("no key opens the file, these were tried:");
        try
        {
            foreach (var (group, at) in groups.Select((g, i) => (g, i)))
            {
                if (await OpenAsync(group, at, sources, order, report, ct) is { } part) parts.Add(part);
            }
            if (groups.Count == 1 && parts.Count == 1)
            {
                var only = parts[0];
                parts.Clear();
                return DataKey.Of(only);
            }
            if (parts.Count < Math.Max(metadata.ShamirThreshold, 1))
                return new SopsFault(SopsExit.NoDataKey, report.ToString());
            if (Shamir.WhyNot(parts) is { } reason)
                return new SopsFault(SopsExit.NoDataKey, $"the shares of the key groups do not fit together: {reason}");
            return DataKey.Of(Shamir.Combine(parts));
        }
        finally
        {
            foreach (var part in parts) part.Dispose();
        }
    }

    private static async ValueTask<SecretBuffer?> OpenAsync(KeyGroup group, int at,
        IReadOnlyList<ISopsKeySource> sources, IReadOnlyList<string> order, StringBuilder report, CancellationToken ct)
    {
        var tried = new StringBuilder();
        foreach (var key in InOrder(group.Keys, order))
        {
            ct.ThrowIfCancellationRequested();
            var source = sources.FirstOrDefault(s => s.Kind == key.Kind);
            var outcome = source is null
                ? new SopsFault(SopsExit.NoDataKey, $"keys of the kind {key.Kind} are not supported")
                : await source.UnwrapAsync(key, ct);
            if (outcome.Try(out var part, out var fault))
            {
                report.Append($"\n  group {at}: opened");
                return part;
            }
            tried.Append($"\n    {key.Kind} {key.Id}: {fault.Message}");
        }
        report.Append($"\n  group {at}: not opened").Append(tried);
        return null;
    }

    /// <summary>Keys of the kinds that are named first, the others after them as they stand in the file.</summary>
    private static IEnumerable<MasterKey> InOrder(IReadOnlyList<MasterKey> keys, IReadOnlyList<string> order)
    {
        foreach (var kind in order)
            foreach (var key in keys)
                if (key.Kind == kind) yield return key;
        foreach (var key in keys)
            if (!order.Contains(key.Kind)) yield return key;
    }
}
