namespace Kist.Formats.Age;

/// <summary>What kind of thing went wrong with an age file or key.</summary>
public enum AgeFaultKind
{
    /// <summary>A recipient or identity that cannot be read, or that does not go with the others.</summary>
    Key,
    /// <summary>The header of the file does not follow the format, or a stanza in it does not.</summary>
    Header,
    /// <summary>The header was altered: its authentication code is wrong.</summary>
    Mac,
    /// <summary>None of the identities can open the file.</summary>
    NoMatch,
    /// <summary>The encrypted content was altered or cut.</summary>
    Payload,
    /// <summary>The ASCII armor around the file is damaged.</summary>
    Armor,
    /// <summary>A plug-in, or the person who was asked for a passphrase, did not deliver.</summary>
    Refused,
}

/// <summary>Why something could not be done.</summary>
/// <param name="Message">A sentence without a full stop. It names files, lines and fields and never holds a key, a
/// passphrase or content.</param>
public sealed record AgeFault(AgeFaultKind Kind, string Message);

/// <summary>A value, or why there is none. Bad keys and bad files are no exceptions.</summary>
public readonly struct AgeOutcome<T>
{
    private AgeOutcome(T? value, AgeFault? fault) => (Value, Fault) = (value, fault);

    /// <summary>The value; the default where <see cref="Fault"/> is set.</summary>
    public T? Value { get; }

    /// <summary>Why there is no value; null where there is one.</summary>
    public AgeFault? Fault { get; }

    /// <summary>The text of <see cref="Fault"/>.</summary>
    public string? Error => Fault?.Message;

    /// <summary>The value, or false and the reason.</summary>
    public bool Try([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out AgeFault? fault)
    {
        (value, fault) = (Value, Fault);
        return fault is null;
    }

    /// <summary>An outcome with a value.</summary>
    public static AgeOutcome<T> Of(T value) => new(value, null);

    /// <summary>An outcome without one.</summary>
    public static AgeOutcome<T> Failed(AgeFaultKind kind, string message) => new(default, new AgeFault(kind, message));

    /// <summary>An outcome without a value, for a reason that came from elsewhere.</summary>
    public static implicit operator AgeOutcome<T>(AgeFault fault) => new(default, fault);
}
