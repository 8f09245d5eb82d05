using System.Text;
using Kist.Cli.Input;
using Kist.Formats.Sops;

namespace Kist.Cli.Files;

/// <summary>`revoke`: a person is removed from every file of a tree, and what they could read is listed.</summary>
internal static class RevokeRun
{
    private sealed record Change(string File, byte[] Bytes, IReadOnlyList<string> Values);

    public static int Run(FileCall call)
    {
        if (call.Arguments.Count is < 1 or > 2)
            return call.Fail(SopsExit.Generic, "the person is needed", "kist file revoke age1…");
        var place = call.Arguments.Count > 1 ? call.Arguments[1] : ".";
        if (!Directory.Exists(place)) return call.Fail(SopsExit.NoFile, $"there is no folder {place}");
        var files = FileTree.Files(place).Where(FileTree.IsEncrypted).ToList();
        if (!Recipient(call, files).Try(out var person, out var fault)) return call.Fail(fault);
        var changes = new List<Change>();
        foreach (var file in files)
        {
            if (!One(call, file, person).Try(out var change, out fault))
                return call.Fail(fault with { File = fault.File ?? file }, "nothing was changed");
            if (change.Bytes.Length > 0) changes.Add(change);
        }
        var config = Configuration(call, person, out var edited);
        if (changes.Count == 0 && edited is null)
        {
            call.Screen.Remark($"{person} is a recipient of no file below {place}");
            return 0;
        }
        if (Prompt.Confirm(call.Screen, $"Remove {person} from {Count(changes.Count, "file")}", call.Has(FileFlag.Yes))
            is { } refused) return call.Session.Fail(refused);
        // The rules first: if this is cut short, a file that is left does not bring the person back into others.
        if (edited is not null && FileText.Write(config!, edited) is { } unruled) return call.Fail(unruled);
        foreach (var change in changes)
            if (FileText.Write(change.File, change.Bytes) is { } unwritten) return call.Fail(unwritten);
        Report(call, person, changes, edited is null ? null : config);
        return 0;
    }

    private static void Report(FileCall call, string person, List<Change> changes, string? config)
    {
        if (call.Session.Json)
        {
            var text = new StringBuilder("{\"revoked\":").Append(Quoted(person)).Append(",\"files\":[");
            text.AppendJoin(',', changes.Select(static c => $"{{\"file\":{Quoted(c.File)},\"values\":["
                + string.Join(',', c.Values.Select(Quoted)) + "]}"));
            call.Screen.Line(text.Append("]}").ToString());
            return;
        }
        if (config is not null) call.Screen.Remark($"{config} names them no more");
        call.Screen.Remark($"{person} is removed from {Count(changes.Count, "file")}, which have new data keys. They "
            + "have read, or can read in the history, every value below: change these where they came from.");
        foreach (var change in changes)
            foreach (var value in change.Values) call.Screen.Line($"{change.File}: {value}");
    }

    // Every file is made anew in memory before any is written. Without bytes: the person was no recipient of it.
    private static SopsOutcome<Change> One(FileCall call, string file, string person)
    {
        if (!OpenFile.Load(call, file, file).Try(out var loaded, out var fault)) return fault;
        if (!loaded.Metadata.Groups.Any(g => g.Keys.Any(k => k.Id == person))) return new Change(file, [], []);
        List<KeyGroup> groups = [.. loaded.Metadata.Groups
            .Select(g => new KeyGroup([.. g.Keys.Where(k => k.Id != person)])).Where(static g => g.Keys.Count > 0)];
        if (groups.Count == 0)
            return new SopsFault(SopsExit.NoEncryptionKey, "nobody else could decrypt it: add another recipient first, "
                + $"kist file rotate -i --add-age KEY {file}");
        var threshold = groups.Count == 1 ? 0 : Math.Min(loaded.Metadata.ShamirThreshold, groups.Count);
        if (!OpenFile.Open(call, file, file).Try(out var open, out fault)) return fault;
        using (open)
        {
            if (open.Decrypt() is { } wrong) return wrong;
            var values = new List<string>();
            foreach (var document in loaded.Tree.Documents) Collect(document, "", values);
            return open.EncryptAnew(loaded.Metadata with { Groups = groups, ShamirThreshold = threshold })
                .Try(out var bytes, out fault) ? new Change(file, bytes, values) : fault;
        }
    }

    // The paths of encrypted values: those that stand in clear are no secrets.
    private static void Collect(SopsValue value, string path, List<string> found)
    {
        foreach (var item in value.Branch)
            if (!item.IsComment) Collect(item.Value, $"{path}[\"{item.Key}\"]", found);
        for (var i = 0; i < value.List.Count; i++) Collect(value.List[i], $"{path}[{i}]", found);
        if (value.Kind == SopsKind.Text && value.Bytes.Span.StartsWith("ENC[AES256_GCM,"u8)) found.Add(path);
    }

    // A person is a recipient as it stands, the only one that begins so, or an anchor of the configuration.
    private static SopsOutcome<string> Recipient(FileCall call, List<string> files)
    {
        var said = call.Arguments[0];
        var known = new HashSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
            foreach (var group in OpenFile.Load(call, file, file).Value?.Metadata.Groups ?? [])
                foreach (var key in group.Keys) known.Add(key.Id);
        if (known.Contains(said)) return said;
        var loaded = FileConfig.Load(call);
        if (loaded.Value is { } config)
        {
            if (config.Anchored(said) is { } anchored) return anchored;
            foreach (var rule in config.CreationRules().Value ?? [])
                foreach (var key in rule.Groups.SelectMany(static g => g.Keys)) known.Add(key.Id);
            if (known.Contains(said)) return said;
        }
        var matches = known.Where(k => said.Length >= 8 && k.StartsWith(said, StringComparison.Ordinal)).ToList();
        return matches.Count switch
        {
            1 => matches[0],
            0 => new SopsFault(SopsExit.Generic, $"no file names {said} as a recipient, and no anchor of .sops.yaml is "
                + "called so; known are: " + string.Join(", ", known.Order(StringComparer.Ordinal))),
            _ => new SopsFault(SopsExit.Generic,
                $"{said} is the beginning of {matches.Count} recipients: say more of it"),
        };
    }

    private static string? Configuration(FileCall call, string person, out byte[]? edited)
    {
        edited = null;
        if (FileConfig.Load(call).Value is not { } config) return null;
        edited = config.Without(person);
        return Path.GetRelativePath(Environment.CurrentDirectory, config.Path);
    }

    private static string Quoted(string text) => $"\"{System.Text.Json.JsonEncodedText.Encode(text)}\"";

    private static string Count(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";
}
