namespace Kist.Formats.Sops;

/// <summary>Exit codes of <c>sops</c>, which scripts know.</summary>
public enum SopsExit
{
    /// <summary>Nothing more exact is known.</summary>
    Generic = 1,
    /// <summary>The input cannot be read or is not of its format.</summary>
    Read = 2,
    /// <summary>The output cannot be written.</summary>
    Write = 3,
    /// <summary>The tree cannot be written in the wanted format.</summary>
    Dump = 4,
    /// <summary>The configuration is wrong.</summary>
    Config = 5,
    /// <summary>A KMS encryption context is malformed.</summary>
    KmsContext = 6,
    /// <summary>A value or a path to be set is malformed.</summary>
    SetFormat = 7,
    /// <summary>Parameters exclude each other.</summary>
    Conflict = 8,
    /// <summary>The MAC could not be encrypted.</summary>
    EncryptMac = 21,
    /// <summary>The tree could not be encrypted.</summary>
    EncryptTree = 23,
    /// <summary>A value could not be decrypted.</summary>
    DecryptTree = 25,
    /// <summary>Keys of a file that is not there cannot be changed.</summary>
    KeysOfMissingFile = 49,
    /// <summary>The MAC is missing, or is not that of the content.</summary>
    MacMismatch = 51,
    /// <summary>The configuration file is not there.</summary>
    ConfigMissing = 61,
    /// <summary>A path into the tree is malformed.</summary>
    TreePath = 91,
    /// <summary>The input holds no document.</summary>
    NoDocument = 92,
    /// <summary>No file was named.</summary>
    NoFile = 100,
    /// <summary>There is no key to encrypt with.</summary>
    NoEncryptionKey = 111,
    /// <summary>A type of key stands twice in the order of decryption.</summary>
    DuplicateKeyType = 112,
    /// <summary>No key gave the data key.</summary>
    NoDataKey = 128,
    /// <summary>The file was not changed.</summary>
    Unchanged = 200,
    /// <summary>There is no editor.</summary>
    NoEditor = 201,
    /// <summary>The file is encrypted already.</summary>
    AlreadyEncrypted = 203,
}

/// <summary>Why something could not be done with a SOPS file.</summary>
/// <param name="Exit">The code that a command ends with.</param>
/// <param name="Message">A sentence without a full stop. It names files, lines and keys, and never holds a
/// value.</param>
public sealed record SopsFault(SopsExit Exit, string Message)
{
    /// <summary>The file, where it is known.</summary>
    public string? File { get; init; }

    /// <summary>The line in the file, from 1; 0 where it is not known.</summary>
    public int Line { get; init; }

    /// <summary>The letter in the line, from 1; 0 where it is not known.</summary>
    public int Column { get; init; }

    /// <summary>The path of the value in the tree, such as <c>["database"]["password"]</c>; null where none is
    /// meant.</summary>
    public string? Key { get; init; }

    /// <summary>Everything that is known, on one line: <c>secrets.yaml:12: ["database"]["password"]: … (column
    /// 5)</c>.</summary>
    public override string ToString()
    {
        var place = File is null ? "" : Line > 0 ? $"{File}:{Line}: " : $"{File}: ";
        var said = Column > 0 ? $"{Message} (column {Column})" : Message;
        return Key is null ? place + said : $"{place}{Key}: {said}";
    }
}

/// <summary>A value, or why there is none. Bad keys and bad files are no exceptions.</summary>
public readonly struct SopsOutcome<T>
{
    private SopsOutcome(T? value, SopsFault? fault) => (Value, Fault) = (value, fault);

    /// <summary>The value; the default where <see cref="Fault"/> is set.</summary>
    public T? Value { get; }

    /// <summary>Why there is no value; null where there is one.</summary>
    public SopsFault? Fault { get; }

    /// <summary>The value, or false and the reason.</summary>
    public bool Try([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out T? value,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(false)] out SopsFault? fault)
    {
        (value, fault) = (Value, Fault);
        return fault is null;
    }

    /// <summary>An outcome with a value.</summary>
    public static SopsOutcome<T> Of(T value) => new(value, null);

    /// <summary>An outcome without one.</summary>
    public static SopsOutcome<T> Failed(SopsExit exit, string message) => new(default, new SopsFault(exit, message));

    /// <summary>An outcome with a value.</summary>
    public static implicit operator SopsOutcome<T>(T value) => new(value, null);

    /// <summary>An outcome without a value, for a reason that came from elsewhere.</summary>
    public static implicit operator SopsOutcome<T>(SopsFault fault) => new(default, fault);
}
