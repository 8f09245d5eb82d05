namespace Kist.Cli.Running;

/// <summary>How secrets reach a program.</summary>
internal enum Delivery
{
    /// <summary>As variables.</summary>
    Environment,
    /// <summary>As a file in memory that has no name anywhere.</summary>
    Memory,
    /// <summary>As a file in memory (tmpfs) that only this user may read, removed at the end.</summary>
    File,
    /// <summary>As a pipe with a name, which gives the text once.</summary>
    Pipe,
    /// <summary>On standard input.</summary>
    Input,
}

/// <summary>What `kist run` is asked to do.</summary>
internal sealed record RunRequest
{
    /// <summary>Secrets whose fields become variables.</summary>
    public string[] From { get; init; } = [];

    /// <summary>Files of variables; empty: the <c>.env</c> here, unless there is a <see cref="From"/>.</summary>
    public string[] EnvironmentFiles { get; init; } = [];

    /// <summary>The environment of <c>.kist/config.toml</c>; null: its default.</summary>
    public string? Environment { get; init; }

    /// <summary>Only these variables; empty: all.</summary>
    public string[] Only { get; init; } = [];

    public string Prefix { get; init; } = "";
    public IReadOnlyList<EnvironmentPlan.Mapping> Mappings { get; init; } = [];
    public IReadOnlyList<string> Program { get; init; } = [];
    public bool IsMasked { get; init; } = true;
    public Inheritance Inheritance { get; init; }

    /// <summary>Whether a variable that this process has already stays as it is.</summary>
    public bool KeepsInherited { get; init; }

    public Delivery Delivery { get; init; }

    /// <summary>Whether each secret is a file of its own, named by NAME_FILE.</summary>
    public bool IsEach { get; init; }

    /// <summary>Whether the document of all secrets is JSON rather than a <c>.env</c>.</summary>
    public bool IsJson { get; init; }

    /// <summary>Whether leases of dynamic secrets outlive the program; else they are revoked at its end.</summary>
    public bool KeepsLeases { get; init; }

    /// <summary>Whether changes are watched for.</summary>
    public bool Watches { get; init; }

    /// <summary>The signal that tells the program of a change; null: it is restarted.</summary>
    public int? ChangeSignal { get; init; }

    /// <summary>How long the program may take to end before it is killed.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(10);
}
