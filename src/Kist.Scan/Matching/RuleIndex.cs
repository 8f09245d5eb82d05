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
    private const int OffsetBits = 8;

    private static readonly (Probe Probe, string[] Words)[] s_words =
    [
        (Probe.Assignment, ["pass", "pwd", "secr", "toke", "key", "cred", "auth", "access", "private", "jwt"]),
        (Probe.Pem, ["begin ", "putty-user-key"]),
        (Probe.Url, ["://"]),
        (Probe.Header, ["basic ", "bearer "]),
        (Probe.Netrc, ["machine "]),
        (Probe.Docker, ["\"auth\""]),
        (Probe.Kubernetes, ["secret\n", "secret\r", "secret ", "secret\""]),
        (Probe.Command, ["curl ", "mysql", "sshpass", "docker login", "psexec"]),
        (Probe.Mnemonic, ["mnemonic", "seed", "recovery"]),
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
            if (rule.Finder is { } finder) Finders.TryAdd(rule.Rule.Id, rule);
            else if (rule.Pattern is { } pattern) Add(pattern, i);
            foreach (var near in rule.Near)
            {
                var word = Encoding.ASCII.GetBytes(near);
                Add(Probe.Near, word, words.Count);
                words.Add(word);
                owners.Add(rule);
            }
        }
        (_nearWords, _nearRules) = ([.. words], [.. owners]);
        if (Finders.Count == 0) return;
        foreach (var (probe, list) in s_words)
            foreach (var word in list) Anchors.AddStart(Grams, Encoding.ASCII.GetBytes(word), Target(probe, 0, 0));
        if (!Finders.ContainsKey("service-secret")) return;
        Services = BuiltIn.Services;
        for (var i = 0; i < Services.Length; i++) Add(Probe.Service, Services[i], i);
    }

    /// <summary>The rules.</summary>
    public RuleEntry[] Rules { get; }

    /// <summary>The rules that code finds, by name.</summary>
    public Dictionary<string, RuleEntry> Finders { get; } = [];

    /// <summary>Names of services, lower case.</summary>
    public byte[][] Services { get; } = [];

    /// <summary>Where to look.</summary>
    public GramIndex Grams { get; } = new();

    /// <summary>What a target means, and how far before the hit its word begins.</summary>
    public static (Probe Probe, int Index, int Offset) Read(int target) => (
        (Probe)(target >> (IndexBits + OffsetBits)), target & ((1 << IndexBits) - 1),
        (target >> IndexBits) & ((1 << OffsetBits) - 1));

    /// <summary>A word and the rule that looks near it.</summary>
    public (byte[] Word, RuleEntry Rule) Near(int index) => (_nearWords[index], _nearRules[index]);

    private void Add(Pattern pattern, int index) =>
        Anchors.Add(Grams, pattern, offset => Target(Probe.Pattern, index, offset));

    private void Add(Probe probe, byte[] word, int index) =>
        Anchors.Add(Grams, word, offset => Target(probe, index, offset));

    private static int Target(Probe probe, int index, int offset) =>
        ((int)probe << (IndexBits + OffsetBits)) | (offset << IndexBits) | index;
}
