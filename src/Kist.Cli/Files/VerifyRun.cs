using Kist.Formats.Sops;
using Kist.Formats.Sops.Config;

namespace Kist.Cli.Files;

/// <summary>`verify`: whether the files of a tree are what their rules say.</summary>
internal static class VerifyRun
{
    public static int Run(FileCall call)
    {
        var places = call.Arguments.Count > 0 ? call.Arguments : ["."];
        var loaded = FileConfig.Load(call);
        if (loaded.Fault is { } unread) return call.Fail(unread);
        var (good, bad, unopened) = (0, 0, 0);
        foreach (var place in places)
        {
            if (!File.Exists(place) && !Directory.Exists(place))
                return call.Fail(SopsExit.NoFile, $"there is no file {place}");
            foreach (var file in FileTree.Files(place).ToList())
            {
                var (counts, opened) = One(call, loaded.Value, file, named: File.Exists(place));
                if (counts is not { } clean) continue;
                if (!clean) bad++;
                else good++;
                if (!opened) unopened++;
            }
        }
        call.Screen.Remark($"{good} of {good + bad} {(good + bad == 1 ? "file is" : "files are")} as they should be"
            + (unopened > 0 ? $"; of {unopened} the MAC was not checked, because no key here opens them" : ""));
        return bad == 0 ? 0 : 1;
    }

    // Null where the file is neither encrypted nor ought to be.
    private static (bool? Clean, bool Opened) One(FileCall call, SopsConfig? config, string file, bool named)
    {
        if (Path.GetFileName(file) == SopsConfig.FileName) return (null, true);
        var rule = config is { HasCreationRules: true } ? Explicit(config, file) : null;
        if (!FileTree.IsEncrypted(file))
        {
            if (rule is null && !named) return (null, true);
            Say(call, file, FileTree.HasMarks(file)
                ? OpenFile.Load(call, file, file).Fault?.Message ?? "is damaged"
                    : "is not encrypted, and a rule says that it is to be");
            return (false, true);
        }
        if (!OpenFile.Load(call, file, file).Try(out var loaded, out var fault))
        {
            Say(call, file, fault.ToString());
            return (false, true);
        }
        var clean = true;
        foreach (var problem in loaded.Problems())
        {
            clean = false;
            Say(call, file, problem.Key is null ? problem.Message : $"{problem.Key}: {problem.Message}");
        }
        if (rule is not null && Recipients(loaded.Metadata.Groups) is var has
            && Recipients(rule.Groups) is var wants && !has.SetEquals(wants))
        {
            clean = false;
            foreach (var more in has.Except(wants))
                Say(call, file, $"{more} can decrypt it, and {SopsConfig.FileName} does not say so");
            foreach (var less in wants.Except(has))
                Say(call, file, $"{less} cannot decrypt it, and {SopsConfig.FileName} says so: kist file updatekeys");
        }
        if (!OpenFile.Open(call, file, file).Try(out var open, out _)) return (clean, false);
        using (open)
        {
            if (open.Decrypt() is not { } wrong) return (clean, true);
            Say(call, file, wrong.Key is null ? wrong.Message : $"{wrong.Key}: {wrong.Message}");
            return (false, true);
        }
    }

    // A rule without a path is for files that somebody encrypts, and not a word about all others.
    private static CreationRule? Explicit(SopsConfig config, string file) =>
        config.HasRuleNaming(Path.GetFullPath(file)) ? config.CreationRuleFor(Path.GetFullPath(file)).Value : null;

    private static HashSet<string> Recipients(IReadOnlyList<KeyGroup> groups) =>
        [.. groups.SelectMany(static g => g.Keys).Select(static k => k.Id)];

    private static void Say(FileCall call, string file, string what) => call.Screen.Line($"{file}: {what}");
}
