using System.Text;
using Kist.Kernel.Pipeline;
using Kist.Kernel.Routes;

namespace Kist.Kernel.Audit;

/// <summary>How one sink writes: its hash key and the options that every sink type understands.</summary>
internal sealed class AuditFormat
{
    private AuditFormat(AuditKey key) => Key = key;

    public AuditKey Key { get; }

    /// <summary>Answers that were written before; null: values stand in clear, which must not be kept.</summary>
    public AnswerMemo? Answers { get; private init; }

    /// <summary><c>log_raw</c>: values in clear. For debugging only.</summary>
    public bool Raw { get; private init; }

    /// <summary><c>hmac_accessor</c>: accessors are hashed; on by default.</summary>
    public bool HashAccessors { get; private init; } = true;

    /// <summary><c>elide_values</c>: values are left out, hashes too.</summary>
    public bool ElideValues { get; private init; }

    /// <summary><c>elide_list_responses</c>: long lists in answers are replaced by their length.</summary>
    public bool ElideLists { get; private init; }

    /// <summary><c>format</c> is <c>jsonx</c>: lines are XML.</summary>
    public bool JsonX { get; private init; }

    /// <summary><c>prefix</c>: stands before every line.</summary>
    public byte[] Prefix { get; private init; } = [];

    /// <summary>Reads the options, or says in <paramref name="fault"/> which one is wrong.</summary>
    public static AuditFormat? TryCreate(AuditSinkEntry entry, out Fault? fault)
    {
        fault = Check(entry);
        if (fault is not null) return null;
        var options = entry.Options;
        var isRaw = Flag(options, "log_raw", otherwise: false);
        return new AuditFormat(new AuditKey(entry.HashKey))
        {
            Raw = isRaw,
            Answers = isRaw ? null : new AnswerMemo(),
            HashAccessors = Flag(options, "hmac_accessor", otherwise: true),
            ElideValues = Flag(options, "elide_values", otherwise: false),
            ElideLists = Flag(options, "elide_list_responses", otherwise: false),
            JsonX = options.GetValueOrDefault("format", "json") == "jsonx",
            Prefix = Encoding.UTF8.GetBytes(options.GetValueOrDefault("prefix", "")),
        };
    }

    private static Fault? Check(AuditSinkEntry entry)
    {
        foreach (var name in (ReadOnlySpan<string>)["log_raw", "hmac_accessor", "elide_values", "elide_list_responses"])
            if (entry.Options.TryGetValue(name, out var text) && GoBool.Parse(text) is null)
                return Fault.Invalid($"the option \"{name}\" must be true or false");
        if (entry.Options.GetValueOrDefault("format", "json") is not ("json" or "jsonx"))
            return Fault.Invalid("the option \"format\" must be json or jsonx");
        if (entry.Options.GetValueOrDefault("prefix", "").AsSpan().ContainsAny('\n', '\r', '\0'))
            return Fault.Invalid("the option \"prefix\" may not hold a line break");
        return entry.HashKey.Length == AuditKey.Bytes ? null : Fault.Internal("the audit sink has no hash key");
    }

    private static bool Flag(IReadOnlyDictionary<string, string> options, string name, bool otherwise) =>
        options.TryGetValue(name, out var text) ? GoBool.Parse(text) ?? otherwise : otherwise;
}
