using System.Diagnostics.CodeAnalysis;

namespace Kist.Formats.Sops.Config;

/// <summary>A <c>.sops.yaml</c>: how new files are encrypted, where they are published to, how they are written.
/// </summary>
public sealed class SopsConfig
{
    /// <summary>The file's name.</summary>
    public const string FileName = ".sops.yaml";

    private const int MaxBytes = 4 << 20, MaxLevels = 100;
    private static readonly string[] s_names = ["creation_rules", "destination_rules", "stores", "keys"];

    private readonly ConfigNode _root;
    private readonly ConfigReading _reading;

    private readonly byte[] _content;

    private SopsConfig(string path, byte[] content, ConfigNode root, ConfigReading reading) =>
        (Path, _content, _root, _reading) = (path, content, root, reading);

    /// <summary>Where it lies; absolute.</summary>
    public string Path { get; }

    /// <summary>How files are written.</summary>
    public SopsStyle Style { get; private set; } = new();

    /// <summary>Whether there are rules for new files. Without any, a file counts as if there were no configuration.
    /// </summary>
    public bool HasCreationRules => _root.Find("creation_rules") is not null;

    /// <summary>What is there and means nothing, by file and line.</summary>
    public IReadOnlyList<string> Warnings => _reading.Warnings;

    /// <summary>Looks for a configuration in a folder and those above it.</summary>
    /// <param name="other">A file that only looks like one, <c>.sops.yml</c>, where there is no right one.</param>
    public static string? Find(string folder, out string? other)
    {
        other = null;
        var at = System.IO.Path.GetFullPath(folder);
        for (var level = 0; level < MaxLevels && at is not null; level++, at = System.IO.Path.GetDirectoryName(at))
        {
            var path = System.IO.Path.Combine(at, FileName);
            if (File.Exists(path)) return path;
            var misnamed = System.IO.Path.Combine(at, ".sops.yml");
            if (other is null && File.Exists(misnamed)) other = misnamed;
        }
        return null;
    }

    /// <summary>Reads a configuration.</summary>
    public static SopsOutcome<SopsConfig> Load(string path, DateTimeOffset now)
    {
        byte[] content;
        try
        {
            if (new FileInfo(path).Length > MaxBytes)
                return new SopsFault(SopsExit.Generic, "the configuration has more than 4 MiB") { File = path };
            content = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new SopsFault(e is FileNotFoundException or DirectoryNotFoundException
                ? SopsExit.ConfigMissing
                    : SopsExit.Generic, $"could not read the configuration: {e.Message.TrimEnd('.')}");
        }
        return Parse(content, path, now);
    }

    /// <summary>Reads the text of a configuration that lies at <paramref name="path"/>.</summary>
    public static SopsOutcome<SopsConfig> Parse(ReadOnlySpan<byte> content, string path, DateTimeOffset now)
    {
        if (!ConfigNode.TryParse(content, path, out var root, out var fault)) return fault;
        var reading = new ConfigReading(path, now, []);
        if (root.Entries is null && !root.IsNull)
            return reading.Wrong(root, "a configuration is a map: creation_rules, …");
        reading.WarnOfOthers(root, "a configuration", s_names);
        var config = new SopsConfig(System.IO.Path.GetFullPath(path), content.ToArray(), root, reading);
        foreach (var name in (ReadOnlySpan<string>)["creation_rules", "destination_rules"])
            if (root.Find(name) is { Items: null } wrong) return reading.Wrong(wrong, $"{name} is a list");
        return config.ReadStores() is { } bad ? bad : config;
    }

    /// <summary>The first rule for a new file.</summary>
    /// <param name="file">Its absolute path.</param>
    public SopsOutcome<CreationRule> CreationRuleFor(string file)
    {
        if (!TryFind("creation_rules", file, out var rule, out var fault))
            return fault ?? new SopsFault(SopsExit.Generic, "error loading config: no matching creation rules found: "
                + $"no path_regex in {Path} matches {Relative(file)}");
        _reading.WarnOfOthers(rule, "a creation rule", CreationRule.Names);
        return CreationRule.Read(rule, _reading);
    }

    /// <summary>Whether a rule names the file by its path, rather than all files.</summary>
    /// <param name="file">Its absolute path.</param>
    public bool HasRuleNaming(string file) =>
        TryFind("creation_rules", file, out var rule, out _) && rule.Find("path_regex") is not null;

    /// <summary>The first rule for publishing a file.</summary>
    /// <param name="file">Its absolute path.</param>
    public SopsOutcome<DestinationRule> DestinationRuleFor(string file) =>
        TryFind("destination_rules", file, out var rule, out var fault)
            ? DestinationRule.Read(rule, _reading)
            : fault ?? new SopsFault(SopsExit.Generic, "error loading config: no matching destination found in config: "
                + $"no path_regex of destination_rules in {Path} matches {Relative(file)}");

    /// <summary>Every age recipient and other key of the rules, as they stand in the file.</summary>
    public SopsOutcome<IReadOnlyList<CreationRule>> CreationRules()
    {
        var rules = new List<CreationRule>();
        foreach (var node in _root.Find("creation_rules")?.Items ?? [])
        {
            if (!CreationRule.Read(node, _reading).Try(out var rule, out var fault)) return fault;
            rules.Add(rule);
        }
        return SopsOutcome<IReadOnlyList<CreationRule>>.Of(rules);
    }

    /// <summary>The key that has an anchor of that name, <c>- &amp;alice age1…</c>; null where there is none.</summary>
    public string? Anchored(string name) => _root.Anchored(name);

    /// <summary>The text of the configuration without a key; null where it is not there. Comments and layout
    /// stay.</summary>
    public byte[]? Without(string key) => KeyRemoval.Remove(_content, key);

    private bool TryFind(string list, string file, [NotNullWhen(true)] out ConfigNode? rule, out SopsFault? fault)
    {
        (rule, fault) = (null, null);
        var relative = Relative(file);
        foreach (var node in _root.Find(list)?.Items ?? [])
        {
            if (node.Find("path_regex") is not { } expression)
            {
                rule = node;
                return true;
            }
            if (!GoRegex.Parse(expression.Text ?? "").Try(out var regex, out var wrong))
            {
                fault = _reading.Wrong(expression, wrong.Message);
                return false;
            }
            if (!regex.Matches(relative)) continue;
            rule = node;
            return true;
        }
        return false;
    }

    private string Relative(string file)
    {
        var folder = System.IO.Path.GetDirectoryName(Path)!;
        var prefix = folder.EndsWith(System.IO.Path.DirectorySeparatorChar)
            ? folder : folder + System.IO.Path.DirectorySeparatorChar;
        return file.StartsWith(prefix, StringComparison.Ordinal) ? file[prefix.Length..] : file;
    }

    private SopsFault? ReadStores()
    {
        if (_root.Find("stores") is not { } stores) return null;
        if (stores.Entries is null) return _reading.Wrong(stores, "stores is a map: yaml, json, json_binary");
        var (yaml, json, binary) = (Style.YamlIndent, Style.JsonIndent, Style.BinaryIndent);
        if (stores.Find("yaml") is { } y && !_reading.TryNumber(y, "indent", yaml, out yaml, out var fault))
            return fault;
        if (stores.Find("json") is { } j && !_reading.TryNumber(j, "indent", json, out json, out fault)) return fault;
        if (stores.Find("json_binary") is { } b && !_reading.TryNumber(b, "indent", binary, out binary, out fault))
            return fault;
        if (yaml < 0 || yaml > 64 || json < -1 || json > 64 || binary < -1 || binary > 64)
            return _reading.Wrong(stores, "an indent is a number of blanks; for JSON also -1, a tab");
        Style = new SopsStyle(yaml == 0 ? 4 : yaml, json, binary);
        return null;
    }
}
