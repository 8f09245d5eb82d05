using System.Collections;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Kist.Cli.Output;

namespace Kist.Cli.Running;

/// <summary>
/// What <c>execve</c> takes: a path, arguments and an environment in native memory. The environment holds secrets,
/// so the memory is zeroed when this is disposed.
/// </summary>
internal sealed unsafe class ProgramImage : IDisposable
{
    public const int NotFound = 127, NotExecutable = 126;

    /// <summary>What lets in at the store or opens its files: a program that is given single secrets does not get it.
    /// </summary>
    public static readonly string[] Own =
    [
        "KIST_TOKEN", "KIST_TOKEN_FILE", "VAULT_TOKEN", "VAULT_TOKEN_FILE", "KIST_SECRET_ID", "VAULT_SECRET_ID",
        "KIST_UNSEAL_KEY", "VAULT_UNSEAL_KEY", "SOPS_AGE_KEY", "SOPS_AGE_KEY_FILE", "SOPS_AGE_KEY_CMD",
        "SOPS_AGE_SSH_PRIVATE_KEY_FILE", "SOPS_AGE_SSH_PRIVATE_KEY_CMD",
    ];

    // What programs need to find their way and speak to a terminal; everything else is dropped by --clean.
    private static readonly string[] Kept =
        ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "COLORTERM", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"];

    private readonly List<(nint Address, int Length)> _blocks = [];

    private ProgramImage(string path, IReadOnlyList<string> arguments, EnvironmentPlan plan,
        Inheritance inheritance, string? token)
    {
        Path = Text(path);
        Arguments = Vector(arguments.Count);
        for (var i = 0; i < arguments.Count; i++) Arguments[i] = Text(arguments[i]);
        var inherited = Inherited(plan, inheritance, token);
        Environment = Vector(inherited.Count + plan.Variables.Count);
        for (var i = 0; i < inherited.Count; i++) Environment[i] = Text(inherited[i]);
        for (var i = 0; i < plan.Variables.Count; i++) Environment[inherited.Count + i] = Assignment(plan.Variables[i]);
    }

    public byte* Path { get; }
    public byte** Arguments { get; }
    public byte** Environment { get; }

    /// <summary>Finds the program and lays out what it gets.</summary>
    /// <param name="token">Our own, which no variable may hold; null: none is known.</param>
    public static Problem? Prepare(
        IReadOnlyList<string> command, EnvironmentPlan plan, Inheritance inheritance, out ProgramImage image,
        string? token = null)
    {
        image = null!;
        if (Find(command[0], out var path) is { } problem) return problem;
        image = new ProgramImage(path, command, plan, inheritance, token);
        return null;
    }

    /// <summary>The same program through <c>/bin/sh</c>: for scripts without a first line that names a shell.</summary>
    public byte** ThroughShell(out byte* shell)
    {
        var count = 0;
        while (Arguments[count] != null) count++;
        var vector = Vector(count + 1);
        shell = Text("/bin/sh");
        vector[0] = shell;
        vector[1] = Path;
        for (var i = 1; i < count; i++) vector[i + 1] = Arguments[i];
        return vector;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (address, length) in _blocks)
        {
            CryptographicOperations.ZeroMemory(new Span<byte>((void*)address, length));
            NativeMemory.Free((void*)address);
        }
        _blocks.Clear();
    }

    private static Problem? Find(string name, out string path)
    {
        path = name;
        if (name.Length == 0) return new Problem("the command is empty", null, NotFound);
        if (name.Contains('/'))
            return File.Exists(name)
                ? IsExecutable(name) ? null : new Problem($"{name} cannot be run", $"chmod +x {name}", NotExecutable)
                : new Problem($"there is no program {name}", null, NotFound);
        foreach (var folder in (System.Environment.GetEnvironmentVariable("PATH") ?? "/usr/bin:/bin").Split(':'))
        {
            var candidate = System.IO.Path.Combine(folder.Length > 0 ? folder : ".", name);
            if (!File.Exists(candidate) || !IsExecutable(candidate)) continue;
            path = candidate;
            return null;
        }
        return new Problem($"there is no program {name} in PATH", null, NotFound);
    }

    private static bool IsExecutable(string path)
    {
        const int execute = 1;
        fixed (byte* text = Encoding.UTF8.GetBytes(path + '\0')) return Native.Access(text, execute) == 0;
    }

    private static List<string> Inherited(EnvironmentPlan plan, Inheritance inheritance, string? token)
    {
        var kept = new List<string>();
        if (inheritance == Inheritance.None) return kept;
        var set = new HashSet<string>(StringComparer.Ordinal);
        if (inheritance != Inheritance.All) set.UnionWith(Own);
        foreach (var variable in plan.Variables) set.Add(variable.Name);
        foreach (DictionaryEntry entry in System.Environment.GetEnvironmentVariables())
        {
            var name = (string)entry.Key;
            // The token under a name of somebody's own is the token.
            if (token is not null && entry.Value is string value && value.Contains(token, StringComparison.Ordinal))
                continue;
            if (!set.Contains(name) && (inheritance != Inheritance.Basics
                || Kept.Contains(name))) kept.Add($"{name}={entry.Value}");
        }
        return kept;
    }

    private byte* Assignment(EnvironmentPlan.Variable variable)
    {
        var name = Encoding.ASCII.GetBytes(variable.Name + "=");
        var text = Block(name.Length + variable.Value.Length + 1);
        name.CopyTo(text);
        variable.Value.Span.CopyTo(text[name.Length..]);
        return (byte*)_blocks[^1].Address;
    }

    private byte* Text(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        bytes.CopyTo(Block(bytes.Length + 1));
        return (byte*)_blocks[^1].Address;
    }

    private byte** Vector(int count)
    {
        Block((count + 1) * sizeof(byte*));
        return (byte**)_blocks[^1].Address;
    }

    private Span<byte> Block(int length)
    {
        var address = NativeMemory.AllocZeroed((nuint)length);
        _blocks.Add(((nint)address, length));
        return new Span<byte>(address, length);
    }
}

/// <summary>What a program gets of this process's environment, besides the secrets that were asked for.</summary>
internal enum Inheritance
{
    /// <summary>Everything but the tokens that could ask for more secrets.</summary>
    WithoutTokens,
    /// <summary>Only what programs need to find their way and to speak to a terminal.</summary>
    Basics,
    /// <summary>Everything.</summary>
    All,
    /// <summary>Nothing.</summary>
    None,
}
