using Kist.Cli.Input;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`rotate`, `updatekeys` and `groups`: who can decrypt.</summary>
internal static class RecipientRuns
{
    public static int Rotate(FileCall call)
    {
        if (FileText.CheckOutput(call) is { } conflict) return call.Fail(conflict);
        if (call.Arguments.Count == 0) return call.Fail(SopsExit.NoFile, "no file specified");
        var file = call.Arguments[0];
        if (!call.Keys("add-").Try(out var added, out var fault)) return call.Fail(fault);
        if (!call.Keys("rm-").Try(out var removed, out fault)) return call.Fail(fault);
        if (!File.Exists(file))
            return added.Count + removed.Count > 0
                ? call.Fail(SopsExit.KeysOfMissingFile,
                    $"cannot add or remove keys on non-existent file {file}, use the `edit` command instead")
                : call.Fail(SopsExit.NoFile, $"cannot operate on non-existent file {file}");
        if (!OpenFile.Open(call, file).Try(out var open, out fault)) return call.Fail(fault);
        using (open)
        {
            if (open.Decrypt() is { } wrong) return call.Fail(wrong with { File = wrong.File ?? file });
            var groups = Changed(open.File.Metadata.Groups, added, removed);
            return open.EncryptAnew(open.File.Metadata with { Groups = groups }).Try(out var bytes, out fault)
                ? FileText.Deliver(call, file, bytes) : call.Fail(fault);
        }
    }

    public static int UpdateKeys(FileCall call)
    {
        if (call.Arguments.Count == 0) return call.Fail(SopsExit.NoFile, "no file specified");
        var failures = 0;
        foreach (var file in call.Arguments)
            if (UpdateKeys(call, file) is not 0 and var code) failures = code;
        return failures;
    }

    public static int AddGroup(FileCall call)
    {
        if (!Threshold(call, out var threshold, out var failed)) return failed;
        return Change(call, metadata =>
        {
            if (!call.Keys().Try(out var keys, out var fault)) return fault;
            if (keys.Count == 0)
                return new SopsFault(SopsExit.NoEncryptionKey, "a group needs a key: --age, --pgp, …");
            return metadata with
            {
                Groups = [.. metadata.Groups, new KeyGroup(keys)],
                ShamirThreshold = threshold ?? metadata.ShamirThreshold,
            };
        });
    }

    public static int DeleteGroup(FileCall call)
    {
        if (!Threshold(call, out var threshold, out var failed)) return failed;
        if (call.Arguments.Count != 1 || !int.TryParse(call.Arguments[0], out var index) || index < 0)
            return call.Fail(SopsExit.Generic, "the index of the group is needed: 0 is the first");
        return Change(call, metadata =>
        {
            var groups = metadata.Groups;
            if (index >= groups.Count)
                return new SopsFault(SopsExit.Generic, $"there is no group {index}: the file has {groups.Count}");
            var needed = threshold ?? (metadata.ShamirThreshold == 0 ? groups.Count : metadata.ShamirThreshold);
            if (groups.Count > 1 && needed > groups.Count - 1)
                return new SopsFault(SopsExit.Generic, $"removing this key group would make the Shamir threshold "
                    + $"impossible to satisfy: {needed} groups are needed, and {groups.Count - 1} would be left; "
                    + "give a smaller --shamir-secret-sharing-threshold");
            return metadata with
            {
                Groups = [.. groups.Where((_, i) => i != index)],
                ShamirThreshold = groups.Count <= 2 ? 0 : needed,
            };
        });
    }

    /// <summary>The groups with keys added to the first and removed from all.</summary>
    public static IReadOnlyList<KeyGroup> Changed(
        IReadOnlyList<KeyGroup> groups, IReadOnlyList<MasterKey> added, IReadOnlyList<MasterKey> removed)
    {
        var changed = new List<KeyGroup>();
        foreach (var group in groups)
            changed.Add(new KeyGroup([.. group.Keys.Where(k => !removed.Any(r => Same(r, k)))]));
        foreach (var key in added)
            if (changed.Count > 0 && !changed[0].Keys.Any(k => Same(k, key)))
                changed[0] = new KeyGroup([.. changed[0].Keys, key]);
        return [.. changed.Where((g, i) => g.Keys.Count > 0 || (i == 0 && changed.Count == 1))];
    }

    private static bool Same(MasterKey a, MasterKey b) => a.Kind == b.Kind && a.Id == b.Id;

    private static bool Threshold(FileCall call, out int? threshold, out int failed)
    {
        failed = 0;
        if (call.TryNumber(FileFlag.Threshold, out threshold)) return true;
        failed = call.Fail(SopsExit.Generic, "--shamir-secret-sharing-threshold is a number");
        return false;
    }

    private static int Change(FileCall call, Func<SopsMetadata, SopsOutcome<SopsMetadata>> change)
    {
        if (call.Text(FileFlag.File) is not { } file)
            return call.Fail(SopsExit.NoFile, "no file specified", "-f FILE");
        if (!OpenFile.Open(call, file).Try(out var open, out var fault)) return call.Fail(fault);
        using (open)
        {
            if (!change(open.File.Metadata).Try(out var metadata, out fault)) return call.Fail(fault);
            return open.Rewrap(metadata).Try(out var bytes, out fault)
                ? FileText.Deliver(call, file, bytes) : call.Fail(fault);
        }
    }

    private static int UpdateKeys(FileCall call, string file)
    {
        if (!File.Exists(file)) return call.Fail(SopsExit.NoFile, $"cannot operate on non-existent file {file}");
        var found = FileConfig.RuleFor(call, Path.GetFullPath(file));
        if (found.Fault is { } bad) return call.Fail(bad);
        if (found.Value is not { } rule)
            return call.Fail(SopsExit.Generic,
                "updatekeys takes the keys from a .sops.yaml, and there is none with rules",
                "kist file rotate --add-age KEY FILE");
        if (!OpenFile.Load(call, file).Try(out var loaded, out var fault)) return call.Fail(fault);
        var lines = Difference(loaded.Metadata.Groups, rule.Groups, out var changed);
        var threshold = Math.Min(rule.ShamirThreshold, rule.Groups.Count);
        changed |= loaded.Metadata.Groups.Count > 1 && threshold != 0 && threshold != loaded.Metadata.ShamirThreshold;
        if (!changed)
        {
            call.Screen.Remark($"{file} already up to date");
            return 0;
        }
        call.Screen.Ask($"The following changes will be made to the file's groups:\n{lines}");
        if (Prompt.Confirm(call.Screen, $"Change who can decrypt {file}", call.Has(FileFlag.Yes)) is { } refused)
            return call.Session.Fail(refused);
        if (!OpenFile.Open(call, file).Try(out var open, out fault)) return call.Fail(fault);
        using (open)
        {
            var metadata = open.File.Metadata with { Groups = Kept(open.File, rule), ShamirThreshold = threshold };
            if (!open.Rewrap(metadata).Try(out var bytes, out fault)) return call.Fail(fault);
            if (FileText.Write(file, bytes) is { } unwritten) return call.Fail(unwritten);
            call.Screen.Remark($"{file} synced with new keys");
            if (lines.Contains("---", StringComparison.Ordinal))
                call.Screen.Warn("who was removed still knows the data key: kist file rotate -i " + file
                    + ", and change the values themselves");
            return 0;
        }
    }

    // An entry that stays keeps its date.
    private static List<KeyGroup> Kept(SopsFile file, Formats.Sops.Config.CreationRule rule)
    {
        var old = file.Metadata.Groups.SelectMany(static g => g.Keys).ToList();
        return [.. rule.Groups.Select(g => new KeyGroup([.. g.Keys.Select(k => old.Find(o => Same(o, k)) ?? k)]))];
    }

    private static string Difference(IReadOnlyList<KeyGroup> before, IReadOnlyList<KeyGroup> after, out bool changed)
    {
        changed = before.Count != after.Count;
        var text = "";
        for (var i = 0; i < Math.Max(before.Count, after.Count); i++)
        {
            var (old, now) = (i < before.Count ? before[i].Keys : [], i < after.Count ? after[i].Keys : []);
            text += $"Group {i + 1}\n";
            foreach (var key in old)
            {
                var stays = now.Any(n => Same(n, key));
                changed |= !stays;
                text += $"{(stays ? "    " : "--- ")}{key.Id}\n";
            }
            foreach (var key in now.Where(k => !old.Any(o => Same(o, k))))
            {
                changed = true;
                text += $"+++ {key.Id}\n";
            }
        }
        return text;
    }
}
