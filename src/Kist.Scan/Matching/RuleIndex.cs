using System.Text;
using Kist.Scan.Rules;

namespace Kist.Scan.Matching;

/// <summary>What to do at a place that the index found.</summary>
internal enum Probe
{
    /// <summary>Match a rule's pattern.</summary>
    Pattern,

    /// <summary>Look for a value after one of a rule's words.</summary>
    Near,

    /// <summary>Read an assignment.</summary>
    Assignment,

    /// <summary>Read a PEM block, or another key file.</summary>
    Pem,

    /// <summary>Read the user and password of a URL.</summary>
    Url,

    /// <summary>Read an Authorization header's value.</summary>
    Header,

    /// <summary>Read a line of .netrc.</summary>
    Netrc,

    /// <summary>Read a Docker configuration's auth.</summary>
    Docker,

    /// <summary>Read a Kubernetes Secret.</summary>
    Kubernetes,

    /// <summary>Read a command line.</summary>
    Command,

    /// <summary>Read a recovery phrase.</summary>
    Mnemonic,

    /// <summary>Read a password hash.</summary>
    Crypt,

    /// <summary>Read what stands after the name of a service.</summary>
    Service,
}

/// <summary>Every rule of a scanner, indexed by the four bytes that its matches or words begin with.</summary>
internal sealed class RuleIndex
{
    private const int IndexBits = 16;

    // Within a word: DBPASSWORD, walletseed. The others begin one, or with a sign.
    private static readonly (Probe Probe, string[] Words)[] s_inner =
    [
        (Probe.Assignment, ["pass", "pwd", "secr", "toke", "key", "cred", "auth", "access", "private", "jwt"]),
        (Probe.Mnemonic, ["mnemonic", "seed", "recovery"]),
    ];

    private static readonly (Probe Probe, string[] Words)[] s_beginnings =
    [
        (Probe.Pem, ["begin ", "putty-user-key"]),
        (Probe.Url, ["://"]),
        (Probe.Header, ["basic ", "bearer "]),
        (Probe.Netrc, ["machine "]),
        (Probe.Docker, ["\"auth\""]),
        (Probe.Kubernetes, ["secret\n", "secret\r", "secret ", "secret\""]),
        (Probe.Command, ["curl ", "mysql", "sshpass", "docker login", "psexec"]),
        (Probe.Crypt, ["$2a$", "$2b$", "$2y$", "$6$", "$5$", "$y$", "$8$", "$argon2"]),
    ];

    private readonly byte[][] _nearWords;
    private readonly RuleEntry[] _nearRules;

    /// <summary>Indexes these.</summary>
    public RuleIndex(IReadOnlyList<RuleEntry> rules)
    {
        Rules = [.. rules];
        var (words, owners) = (new List<byte[]>(), new List<RuleEntry>());
        for (var i = 0; i < Rules.Length; i++)
        {
            var rule = Rules[i];
            if (rule.Finder is not null) Finders.TryAdd(rule.Rule.Id, rule);
            else if (rule.Pattern is { } pattern) Anchors.Add(Grams, pattern, Target(Probe.Pattern, i));
            foreach (var near in rule.Near)
            {
                Add(Probe.Near, Encoding.ASCII.GetBytes(near), words.Count, anywhere: false);
                words.Add(Encoding.ASCII.GetBytes(near));
                owners.Add(rule);
            }
        }
        (_nearWords, _nearRules) = ([.. words], [.. owners]);
        if (Finders.Count == 0) return;
        AddWords(s_inner, anywhere: true);
        AddWords(s_beginnings, anywhere: false);
        if (!Finders.ContainsKey("service-secret")) return;
        Services = BuiltIn.Services;
        for (var i = 0; i < Services.Length; i++) Add(Probe.Service, Services[i], i, anywhere: false);
    }

    /// <summary>The rules.</summary>
    public RuleEntry[] Rules { get; }

    /// <summary>The rules that code finds, by name.</summary>
    public Dictionary<string, RuleEntry> Finders { get; } = [];

    /// <summary>Names of services, lower case.</summary>
    public byte[][] Services { get; } = [];

    /// <summary>Where to look.</summary>
    public GramIndex Grams { get; } = new();

    /// <summary>What a target means, and of which rule or word.</summary>
    public static (Probe Probe, int Index) Read(int target) =>
        ((Probe)(target >> IndexBits), target & ((1 << IndexBits) - 1));

    /// <summary>A word and the rule that looks near it.</summary>
    public (byte[] Word, RuleEntry Rule) Near(int index) => (_nearWords[index], _nearRules[index]);

    private void AddWords(ReadOnlySpan<(Probe Probe, string[] Words)> groups, bool anywhere)
    {
        foreach (var (probe, words) in groups)
            foreach (var word in words) Add(probe, Encoding.ASCII.GetBytes(word), 0, anywhere);
    }

    private void Add(Probe probe, byte[] word, int index, bool anywhere) =>
        Anchors.Add(Grams, word, Target(probe, index), anywhere);

    private static int Target(Probe probe, int index) => ((int)probe << IndexBits) | index;
}
