using System.CommandLine;
using Kist.Cli.Output;
using Kist.Scan;
using Kist.Scan.Reports;

namespace Kist.Cli.Scanning;

/// <summary>What a scan is asked to do.</summary>
internal sealed record ScanRequest
{
    public string[] Paths { get; init; } = [];
    public bool Staged { get; init; }
    public bool History { get; init; }
    public string? Range { get; init; }
    public bool Stdin { get; init; }
    public bool NoGit { get; init; }
    public string? Format { get; init; }
    public string? Output { get; init; }
    public string? FailOn { get; init; }
    public int ExitCode { get; init; } = 1;
    public Disclosure Disclosure { get; init; }
    public string? Config { get; init; }
    public string[] Baselines { get; init; } = [];
    public string? GitleaksIgnore { get; init; }
    public string? Explain { get; init; }
    public string? Fix { get; init; }
    public string? Allow { get; init; }
    public string? Reason { get; init; }
    public string? Expires { get; init; }
    public bool WriteBaseline { get; init; }
    public string? Confidence { get; init; }
    public string[] OnlyRules { get; init; } = [];
    public string[] DisabledRules { get; init; } = [];
    public int? ArchiveDepth { get; init; }
    public bool AllFiles { get; init; }
    public int? Threads { get; init; }
    public bool NoCache { get; init; }
    public bool IgnoreAllowComments { get; init; }

    /// <summary>Whether the values that the server holds are looked for, and below which paths; none: all.</summary>
    public bool Known { get; init; }
    public string[] KnownPaths { get; init; } = [];

    /// <summary>Whether this is a bare repository, whose own branch says what is allowed: not what is pushed.</summary>
    public bool IsServer { get; init; }

    /// <summary>Whether a scan that sees nothing is fine, as in a hook before a commit that only deletes.</summary>
    public bool MayBeEmpty { get; init; }
}

/// <summary>The options of `kist scan`.</summary>
internal sealed class ScanOptions
{
    private readonly Argument<string[]> _paths;
    private readonly Option<bool> _staged, _history, _stdin, _noGit, _show, _redact, _baseline, _all, _noCache;
    private readonly Option<bool> _noAllow, _verbose, _noBanner, _fix, _known;
    private readonly Option<string?> _range, _format, _output, _failOn, _config, _ignores, _explain, _allow, _reason;
    private readonly Option<string?> _expires, _confidence, _source, _image, _to;
    private readonly Option<int?> _exitCode, _depth, _threads;
    private readonly Option<string[]> _baselines, _only, _disabled, _knownPaths;

    public ScanOptions(KistCommand command)
    {
        _paths = command.Rest("PATH",
            "Files and folders, archives and images; - is standard input (else the folder here)");
        _staged = command.Switch("--staged", "What is staged for the next commit");
        _history = command.Switch("--history", "Every commit of every branch, tag, stash and worktree");
        _range = Text(command, "--range", "A..B", "The commits of a range", "--log-opts");
        _stdin = command.Switch("--stdin", "Standard input, as it comes");
        _image = Text(command, "--image", "FILE", "A container image: docker save or OCI layout, file or folder");
        _noGit = command.Switch("--no-git", "Also what git ignores");
        _format = Text(command, "--format", "FORMAT", "table, json (as gitleaks), sarif, junit, gitlab or csv",
            "-f", "--report-format");
        _output = Text(command, "--output", "FILE", "Write the report to a file", "-o", "-r", "--report-path");
        _failOn = Text(command, "--fail-on", "SEVERITY", "Exit code 1 from this on: info, low, medium, high, critical "
            + "(else low)");
        _exitCode = Number(command, "--exit-code", "The exit code for findings (else 1)");
        _show = command.Switch("--show-secrets", "Show secrets in full");
        _redact = command.Switch("--redact", "Show nothing of the secrets");
        _config = Text(command, "--config", "FILE", "Rules of your own: a gitleaks configuration", "-c");
        _baselines = command.Repeated("--baseline-path", "FILE", "Leave out what an earlier report has");
        _baselines.Aliases.Add("-b");
        _ignores = Text(command, "--gitleaks-ignore-path", "FILE", "A .gitleaksignore that lies elsewhere", "-i");
        _known = command.Switch("--known", "Also the values that the server holds, in whatever spelling");
        _knownPaths = command.Repeated("--known-path", "PATH", "Only what the server holds below PATH");
        _explain = Text(command, "--explain", "FILE:LINE", "Why a line fires, or why it does not; or a rule's name");
        _fix = command.Switch("--fix", "Move what was found to where it belongs, and leave references");
        _to = Text(command, "--to", "TO",
            "Where --fix moves values: env (the file .env), an encrypted FILE or kist://PATH (else env)");
        _allow = Text(command, "--allow", "ID", "Allow a finding's value from now on, in .kist/scan.toml");
        _reason = Text(command, "--reason", "TEXT", "Why it is allowed");
        _expires = Text(command, "--expires", "DAY", "Until when it is allowed, such as 2027-01-31");
        _baseline = command.Switch("--write-baseline", "Take what is found now as known, in .kist/scan.baseline");
        _confidence = Text(command, "--confidence", "LEVEL", "low, medium or high (else medium)");
        _only = command.Repeated("--enable-rule", "RULE", "Only this rule");
        _disabled = command.Repeated("--disable-rule", "RULE", "Not this rule");
        _depth = Number(command, "--max-archive-depth",
            "How deep archives may lie in each other (else 5; 0: not opened)");
        _all = command.Switch("--all-files", "Also binary content and vendored folders");
        _threads = Number(command, "--threads", "How many threads (else one a core)");
        _noCache = command.Switch("--no-cache", "Scan the history anew, and keep nothing");
        _noAllow = command.Switch("--ignore-gitleaks-allow", "Comments such as kist:allow silence nothing");
        _source = Hidden(Text(command, "--source", "PATH", "As PATH", "-s"));
        _verbose = Hidden(command.Switch("--verbose", "Nothing: findings are always shown", "-v"));
        _noBanner = Hidden(command.Switch("--no-banner", "Nothing: there is none"));
    }

    /// <summary>What was asked for.</summary>
    public ScanRequest Read(ParseResult parsed)
    {
        var paths = parsed.GetValue(_paths) ?? [];
        foreach (var named in (ReadOnlySpan<string?>)[parsed.GetValue(_source), parsed.GetValue(_image)])
            if (named is not null) paths = [.. paths, named];
        var stdin = parsed.GetValue(_stdin) || paths is ["-"];
        return new ScanRequest
        {
            Paths = paths is ["-"] ? [] : paths, Stdin = stdin,
            Staged = parsed.GetValue(_staged), History = parsed.GetValue(_history), Range = parsed.GetValue(_range),
            NoGit = parsed.GetValue(_noGit), Format = parsed.GetValue(_format), Output = parsed.GetValue(_output),
            FailOn = parsed.GetValue(_failOn), ExitCode = parsed.GetValue(_exitCode) ?? 1,
            Disclosure = parsed.GetValue(_show) ? Disclosure.Everything
                : parsed.GetValue(_redact) ? Disclosure.Nothing : Disclosure.Masked,
            Config = parsed.GetValue(_config), Baselines = parsed.GetValue(_baselines) ?? [],
            GitleaksIgnore = parsed.GetValue(_ignores), Explain = parsed.GetValue(_explain),
            Fix = parsed.GetValue(_fix) || parsed.GetValue(_to) is not null ? parsed.GetValue(_to) ?? "env" : null,
            Allow = parsed.GetValue(_allow), Reason = parsed.GetValue(_reason), Expires = parsed.GetValue(_expires),
            WriteBaseline = parsed.GetValue(_baseline), Confidence = parsed.GetValue(_confidence),
            OnlyRules = parsed.GetValue(_only) ?? [], DisabledRules = parsed.GetValue(_disabled) ?? [],
            ArchiveDepth = parsed.GetValue(_depth), AllFiles = parsed.GetValue(_all),
            Threads = parsed.GetValue(_threads), NoCache = parsed.GetValue(_noCache),
            IgnoreAllowComments = parsed.GetValue(_noAllow),
            Known = parsed.GetValue(_known) || parsed.GetValue(_knownPaths) is { Length: > 0 },
            KnownPaths = parsed.GetValue(_knownPaths) ?? [],
        };
    }

    private static Option<string?> Text(
        KistCommand command, string name, string value, string summary, params string[] aliases)
    {
        var option = command.Option<string?>(name, value, summary);
        foreach (var alias in aliases) option.Aliases.Add(alias);
        return option;
    }

    private static Option<int?> Number(KistCommand command, string name, string summary) =>
        command.Option<int?>(name, "N", summary);

    private static Option<T> Hidden<T>(Option<T> option)
    {
        option.Hidden = true;
        return option;
    }
}

/// <summary>The words of the command line for severities, confidences and formats.</summary>
internal static class ScanWords
{
    public static readonly string[] Formats = ["table", "json", "sarif", "junit", "gitlab", "csv"];

    public static Problem? Severity(string? word, out Severity severity) =>
        Enum(word, "--fail-on", Kist.Scan.Severity.Low, out severity);

    public static Problem? Confidence(string? word, out Confidence confidence) =>
        Enum(word, "--confidence", Kist.Scan.Confidence.Medium, out confidence);

    /// <summary>The format: as said, by the ending of the file, or a table.</summary>
    public static Problem? Format(ScanRequest request, bool json, out string format)
    {
        format = request.Format ?? (json ? "json" : Path.GetExtension(request.Output ?? "") switch
        {
            ".json" => "json", ".sarif" => "sarif", ".xml" => "junit", ".csv" => "csv", _ => "table",
        });
        return Array.IndexOf(Formats, format) >= 0 ? null
            : new Problem($"--format takes {string.Join(", ", Formats)}", "-f json", ScanRun.Incomplete);
    }

    private static Problem? Enum<T>(string? word, string option, T fallback, out T value) where T : struct, Enum
    {
        value = fallback;
        if (word is null) return null;
        foreach (var one in System.Enum.GetValues<T>())
        {
            if (!string.Equals(one.ToString(), word, StringComparison.OrdinalIgnoreCase)) continue;
            value = one;
            return null;
        }
        var words = string.Join(", ", System.Enum.GetNames<T>()).ToLowerInvariant();
        return new Problem($"{option} takes {words}", null, ScanRun.Incomplete);
    }
}
