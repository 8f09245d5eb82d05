using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>Merges two versions of an encrypted file: values one by one, recipients too, and a MAC over the result.
/// </summary>
internal static class FileMerge
{
    private const int Conflict = 1;

    /// <summary>Merges into <paramref name="ours"/>; 0 when everything was merged, 1 when a person must
    /// decide.</summary>
    public static int Run(FileCall call, string origin, string ours, string theirs, string name)
    {
        if (!GitRuns.Open(call, ours, name).Try(out var own, out var fault)) return Unable(call, name, fault);
        using (own)
        {
            if (!GitRuns.Open(call, theirs, name).Try(out var other, out fault)) return Unable(call, name, fault);
            using (other)
            {
                var hasOrigin = FileTree.IsEncrypted(origin, name);
                OpenFile? before = null;
                if (hasOrigin && !GitRuns.Open(call, origin, name).Try(out before, out fault))
                    return Unable(call, name, fault);
                using (before) return Merge(call, before, own, other, ours, name);
            }
        }
    }

    private static int Merge(FileCall call, OpenFile? before, OpenFile own, OpenFile other, string target, string name)
    {
        var conflicts = TreeMerge.Merge(before?.Tree, own.Tree!, other.Tree!);
        var decided = Groups(before?.File.Metadata, own.File.Metadata, other.File.Metadata, out var groups,
            out var shares);
        // A data key that was made anew on one side, since somebody was removed there, must not be undone.
        var carrier = before is not null && SameKeys(before.File.Metadata, own.File.Metadata) ? other : own;
        var metadata = carrier.File.Metadata;
        var sealedAgain = SameRecipients(groups, metadata.Groups)
            ? carrier.Encrypt(own.Tree!)
            : carrier.EncryptAnew(metadata with { Groups = groups, ShamirThreshold = shares }, own.Tree!);
        if (!sealedAgain.Try(out var bytes, out var fault)) return Unable(call, name, fault);
        if (FileText.Write(target, bytes) is { } unwritten) return call.Fail(unwritten);
        if (conflicts.Count == 0 && decided) return 0;
        foreach (var path in conflicts)
            call.Screen.Ask($"CONFLICT in {name}: {path} was changed on both sides; ours is kept\n");
        if (!decided)
            call.Screen.Ask($"CONFLICT in {name}: its key groups were changed on both sides; ours are kept\n");
        call.Screen.Ask($"Everything else is merged. See theirs with: git show MERGE_HEAD:{name} | kist file decrypt "
            + $"--filename-override {name}\nThen kist file edit {name}, and git add {name}\n");
        return Conflict;
    }

    private static int Unable(FileCall call, string name, SopsFault fault)
    {
        call.Fail(fault with { File = name },
            "the file is left as it is on our side: somebody who can decrypt merges it");
        return Conflict;
    }

    // Whoever is added on one side is added; whoever is removed on one side is removed.
    private static bool Groups(SopsMetadata? before, SopsMetadata own, SopsMetadata other,
        out IReadOnlyList<KeyGroup> groups, out int threshold)
    {
        (groups, threshold) = (own.Groups, own.ShamirThreshold);
        if (SameRecipients(own.Groups, other.Groups) && own.ShamirThreshold == other.ShamirThreshold) return true;
        if (before is not null && SameRecipients(before.Groups, own.Groups)
            && before.ShamirThreshold == own.ShamirThreshold)
        {
            (groups, threshold) = (other.Groups, other.ShamirThreshold);
            return true;
        }
        if (before is not null && SameRecipients(before.Groups, other.Groups)
            && before.ShamirThreshold == other.ShamirThreshold) return true;
        if (own.Groups.Count != 1 || other.Groups.Count != 1) return false;
        var was = before?.Groups.SelectMany(static g => g.Keys).Select(static k => k.Id).ToHashSet() ?? [];
        List<MasterKey> keys = [.. own.Groups[0].Keys.Where(k => !was.Contains(k.Id) || Has(other, k))];
        keys.AddRange(other.Groups[0].Keys.Where(k => !was.Contains(k.Id) && !Has(own, k)));
        if (keys.Count == 0) return false;
        groups = [new KeyGroup(keys)];
        return true;
    }

    private static bool Has(SopsMetadata metadata, MasterKey key) =>
        metadata.Groups.Any(g => g.Keys.Any(k => k.Kind == key.Kind && k.Id == key.Id));

    private static bool SameKeys(SopsMetadata a, SopsMetadata b) =>
        a.Groups.SelectMany(static g => g.Keys).Select(static k => k.Enc).ToHashSet()
            .SetEquals(b.Groups.SelectMany(static g => g.Keys).Select(static k => k.Enc));

    private static bool SameRecipients(IReadOnlyList<KeyGroup> a, IReadOnlyList<KeyGroup> b)
    {
        if (a.Count != b.Count) return false;
        for (var i = 0; i < a.Count; i++)
            if (!a[i].Keys.Select(static k => (k.Kind, k.Id)).ToHashSet()
                .SetEquals(b[i].Keys.Select(static k => (k.Kind, k.Id)))) return false;
        return true;
    }
}
