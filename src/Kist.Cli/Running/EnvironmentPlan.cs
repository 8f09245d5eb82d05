using System.Text;
using Kist.Cli.Output;
using Kist.Cli.References;
using Kist.Secrets;

namespace Kist.Cli.Running;

/// <summary>
/// Which variables a program gets. A field's name becomes a variable's name by one rule (<see cref="NameOf"/>)
/// unless it is mapped; two fields that would become the same variable are an error, never a silent choice.
/// </summary>
internal sealed class EnvironmentPlan(string prefix, IReadOnlyList<EnvironmentPlan.Mapping> mappings) : IDisposable
{
    // Variables that change which code a program runs. A person may map a field to one; a field's name may not.
    private static readonly HashSet<string> Dangerous = new(StringComparer.Ordinal)
    {
        "PATH", "IFS", "ENV", "BASH_ENV", "SHELLOPTS", "BASHOPTS", "PS4", "PROMPT_COMMAND", "PYTHONPATH",
        "PYTHONSTARTUP", "PYTHONHOME", "PERL5LIB", "PERL5OPT", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS", "NODE_PATH",
        "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "DOTNET_STARTUP_HOOKS", "GIT_SSH_COMMAND",
        "GLIBC_TUNABLES", "GCONV_PATH",
    };

    private readonly List<Variable> _variables = [];
    private readonly List<Variable> _taken = [];
    private readonly List<SecretBuffer> _parts = [];
    private readonly HashSet<Mapping> _used = [];

    /// <summary>One variable.</summary>
    /// <param name="Origin">The field and the secret it came from.</param>
    /// <param name="Value">UTF-8.</param>
    /// <param name="Masked">Whether it must not show in the program's output.</param>
    /// <param name="IsSecret">Whether it comes from a store rather than from a file as it stands.</param>
    public sealed record Variable(string Name, string Origin, SecretBuffer Value, bool Masked, bool IsSecret = true)
    {
        /// <summary>Whether it names a file in which secrets are.</summary>
        public bool IsPlace { get; init; }
    }

    /// <summary>A field (of one secret when <paramref name="Path"/> is given) that gets a name of its own.</summary>
    public sealed record Mapping(string? Path, string Field, string Name);

    /// <summary>The variables so far.</summary>
    public IReadOnlyList<Variable> Variables => _variables;

    /// <summary>Whether a value must not show in the program's output.</summary>
    public bool HasMasked => _parts.Count > 0 || _variables.Exists(static v => v.Masked)
        || _taken.Exists(static v => v.Masked);

    /// <summary>Takes in a variable that names the file of secrets.</summary>
    public void AddPlace(string name, string path)
    {
        AddNamed(name, "kist", SecretBuffer.Copy(Encoding.UTF8.GetBytes(path)), isSecret: false);
        _variables[^1] = _variables[^1] with { IsPlace = true };
    }

    /// <summary>Also masks a secret that is a part of a value; it becomes the plan's to zero.</summary>
    public void Mask(SecretBuffer part) => _parts.Add(part);

    /// <summary>Takes what is a secret out of the environment: another way leads it to the program. The variables stay
    /// masked, and the plan's to zero.</summary>
    public IReadOnlyList<Variable> TakeSecrets()
    {
        var taken = _variables.FindAll(static v => v.IsSecret);
        _variables.RemoveAll(static v => v.IsSecret);
        _taken.AddRange(taken);
        return taken;
    }

    /// <summary>The values that must not show; valid until this is disposed.</summary>
    public IEnumerable<ReadOnlyMemory<byte>> MaskedValues()
    {
        foreach (var variable in _variables)
            if (variable.Masked) yield return variable.Value.Memory;
        foreach (var variable in _taken)
            if (variable.Masked) yield return variable.Value.Memory;
        foreach (var part in _parts) yield return part.Memory;
    }

    /// <summary>Reads <c>FIELD=NAME</c> or <c>PATH#FIELD=NAME</c>.</summary>
    public static Problem? ParseMappings(IReadOnlyList<string> texts, out List<Mapping> mappings)
    {
        mappings = [];
        foreach (var text in texts)
        {
            var at = text.LastIndexOf('=');
            if (at <= 0 || !IsName(text[(at + 1)..]))
                return new Problem("--map is FIELD=NAME, and NAME is made of letters, digits and _",
                    "--map url=DATABASE_URL, or --map prod/database#url=DATABASE_URL");
            var field = text[..at];
            var hash = field.IndexOf('#');
            mappings.Add(hash > 0
                ? new Mapping(field[..hash].Trim('/'), field[(hash + 1)..], text[(at + 1)..])
                : new Mapping(null, field, text[(at + 1)..]));
        }
        return null;
    }

    /// <summary>Whether the text can be a variable's name: letters, digits and _, no digit first.</summary>
    public static bool IsName(string text)
    {
        foreach (var c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return false;
        return text.Length > 0 && !char.IsAsciiDigit(text[0]);
    }

    /// <summary>
    /// The variable of a field: upper case; every character that is no ASCII letter, digit or _ becomes _; the
    /// prefix goes in front; a name that would start with a digit gets _ in front.
    /// </summary>
    public static string NameOf(string field, string prefix)
    {
        var name = new StringBuilder(prefix);
        foreach (var rune in field.EnumerateRunes())
            name.Append(rune.IsAscii && char.IsAsciiLetterOrDigit((char)rune.Value)
                ? char.ToUpperInvariant((char)rune.Value)
                : '_');
        return name.Length > 0 && char.IsAsciiDigit(name[0]) ? "_" + name : name.ToString();
    }

    /// <summary>Takes in the fields of the secret at <paramref name="path"/>.</summary>
    public Problem? Add(string path, IReadOnlyList<SecretField> fields)
    {
        foreach (var field in fields)
        {
            var mapping = MappingOf(path, field.Name);
            if (mapping is not null) _used.Add(mapping);
            var name = mapping?.Name ?? NameOf(field.Name, prefix);
            if (name.Length == 0) return new Problem($"{path} has a field without a name", "give it one");
            var origin = $"{field.Name} of {path}";
            if (mapping is null && (Dangerous.Contains(name) || name.StartsWith("LD_", StringComparison.Ordinal)
                || name.StartsWith("DYLD_", StringComparison.Ordinal)))
                return new Problem($"{origin} would become {name}, which changes what programs run",
                    $"--map {field.Name}={name} if it is meant so, or another name");
            foreach (var other in _variables)
                if (other.Name == name)
                    return new Problem($"{other.Origin} and {origin} both become {name}",
                        $"--map {path}#{field.Name}=ANOTHER_NAME");
            if (field.Value.Span.Contains((byte)0))
                return new Problem($"{origin} holds a zero byte, which no variable can", "keep it base64-encoded");
            _variables.Add(new Variable(name, origin, SecretBuffer.Copy(field.Value.Span), field.IsMaskable));
        }
        return null;
    }

    /// <summary>Takes in a variable under its own name, which becomes the plan's to zero; of two with one name the
    /// later counts.</summary>
    public void AddNamed(string name, string origin, SecretBuffer value, bool masked = false, bool isSecret = true)
    {
        foreach (var same in _variables.FindAll(v => v.Name == name))
        {
            same.Value.Dispose();
            _variables.Remove(same);
        }
        _variables.Add(new Variable(name, origin, value, masked, isSecret));
    }

    /// <summary>Whether both give a program the same.</summary>
    public bool HasSameValues(EnvironmentPlan other)
    {
        var (mine, others) = (All().ToDictionary(static v => v.Name), other.All().ToList());
        return mine.Count == others.Count && others.TrueForAll(v =>
            mine.TryGetValue(v.Name, out var same) && same.Value.FixedTimeEquals(v.Value.Span));
    }

    // Without what only leads to a secret: its path is another each time.
    private IEnumerable<Variable> All() => _taken.Concat(_variables.Where(static v => v.IsSecret || !v.IsPlace));

    /// <summary>Leaves only variables of these names; all, if none is given.</summary>
    public Problem? Keep(IReadOnlyList<string> names)
    {
        if (names.Count == 0) return null;
        foreach (var name in names)
            if (!_variables.Exists(v => v.Name == name))
            {
                var meant = CommandLine.Meant(name, _variables.Select(static v => v.Name));
                return new Problem(
                    $"nothing sets {name}, which --only names", meant is null ? null : $"--only {meant}");
            }
        foreach (var unwanted in _variables.FindAll(v => !names.Contains(v.Name)))
        {
            unwanted.Value.Dispose();
            _variables.Remove(unwanted);
        }
        return null;
    }

    /// <summary>A mapping that named a field which no secret had.</summary>
    public Problem? Unused()
    {
        foreach (var mapping in mappings)
            if (!_used.Contains(mapping))
                return new Problem($"no secret has the field {mapping.Field}, which --map names");
        return null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var variable in _variables) variable.Value.Dispose();
        foreach (var variable in _taken) variable.Value.Dispose();
        foreach (var part in _parts) part.Dispose();
    }

    private Mapping? MappingOf(string path, string field)
    {
        Mapping? general = null;
        foreach (var mapping in mappings)
        {
            if (mapping.Field != field) continue;
            if (mapping.Path == path) return mapping;
            if (mapping.Path is null) general = mapping;
        }
        return general;
    }
}
