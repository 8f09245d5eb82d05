namespace Kist.Agent.Templates;

/// <summary>How a template asks for a secret.</summary>
internal enum QueryKind
{
    /// <summary>Reads.</summary>
    Read,
    /// <summary>Writes parameters and takes the answer, as for issued certificates.</summary>
    Write,
    /// <summary>Lists names.</summary>
    List,
    /// <summary>As <see cref="Write"/>, for <c>pkiCert</c>.</summary>
    Certificate,
}

/// <summary>What a template asks for. Two of the same text are one.</summary>
/// <param name="Path">As the template has it, with its query.</param>
/// <param name="Parameters"><c>name=value</c> texts, sorted.</param>
internal sealed record SecretQuery(QueryKind Kind, string Path, IReadOnlyList<string> Parameters)
{
    /// <summary>What tells it from others.</summary>
    public string Key { get; } = string.Join('\0', [Kind.ToString(), Path, .. Parameters]);

    /// <summary>Whether a secret that does not exist is an answer too.</summary>
    public bool IsOptional { get; init; }

    public bool Equals(SecretQuery? other) => other is not null && other.Key == Key;

    public override int GetHashCode() => Key.GetHashCode(StringComparison.Ordinal);

    /// <summary>Without the parameters, which may be secrets.</summary>
    public override string ToString() => Path;
}

/// <summary>A file that a template writes besides its own (<c>writeToFile</c>).</summary>
internal sealed record FileWrite(
    string Path, string Owner, string Group, UnixFileMode Mode, string Content, bool Appends)
{
    public override string ToString() => Path;
}

/// <summary>What a template is rendered with.</summary>
internal sealed record TemplateContext
{
    /// <summary>The answer to a query; null: not there (yet).</summary>
    public required Func<SecretQuery, object?> Answer { get; init; }

    /// <summary>A variable of the environment; null: not set.</summary>
    public required Func<string, string?> Environment { get; init; }

    /// <summary>The text of a file of this machine. Throws <see cref="TemplateFault"/>.</summary>
    public required Func<string, string> ReadFile { get; init; }

    /// <summary>The clock of <c>timestamp</c>.</summary>
    public required TimeProvider Clock { get; init; }

    /// <summary>Whether a key that a map does not have is a fault; else it is nothing.</summary>
    public bool FailsOnMissingKey { get; init; }

    /// <summary>Files that the template wrote, in order.</summary>
    public List<FileWrite> Files { get; } = [];
}
