using Kist.Cli.Output;
using Kist.Cli.Running;
using Kist.Client.References;
using Kist.Secrets;

namespace Kist.Cli.References;

/// <summary>
/// Files with values. <c>kist://prod/database#url</c> is, in YAML or JSON, <c>url</c> below <c>database</c> below
/// <c>prod</c>, or <c>url</c> below <c>database</c>; in a flat file (.env) <c>PROD_DATABASE_URL</c> or
/// <c>DATABASE_URL</c>. Of several files the last that has it counts.
/// </summary>
internal sealed class FileSource : ISecretSource
{
    private readonly List<SecretFile> _files = [];
    private readonly string _names;
    private readonly ProjectEnvironment _environment;

    private FileSource(ProjectEnvironment environment)
    {
        _environment = environment;
        _names = string.Join(", ", environment.Files);
    }

    /// <summary>Reads the files.</summary>
    public static Problem? Open(Session session, ProjectEnvironment environment, out ISecretSource source)
    {
        var files = new FileSource(environment);
        source = files;
        foreach (var path in environment.Files)
        {
            var problem = SecretFile.Read(session, path, out var file);
            files._files.Insert(0, file);
            if (problem is not null)
                return problem with { Message = environment.Name.Length > 0
                    ? $"the values of {environment.Name}: {problem.Message}" : problem.Message };
        }
        return null;
    }

    /// <inheritdoc/>
    public Problem? Prepare(IReadOnlyList<KistReference> references) => null;

    /// <inheritdoc/>
    public Problem? Find(KistReference reference, out SecretBuffer? value, out bool missing)
    {
        (value, missing) = (null, false);
        var path = _environment.PathOf(reference.Path);
        if (reference.Version is not null)
            return new Problem($"{reference} asks for a version, and a file keeps none", "without ?version=");
        foreach (var file in _files)
        {
            if (Find(file, path, reference.Field) is not { } found) continue;
            value = SecretBuffer.Copy(found.Span);
            return null;
        }
        missing = true;
        var flat = Flat(path, reference.Field);
        return new Problem($"there is no {reference} in {_names}",
            reference.Field is { } field
                ? $"in YAML or JSON {path.Replace("/", ": ")}: {field}: …, in .env {flat}=…"
                : $"a field: {reference}#NAME");
    }

    /// <inheritdoc/>
    public Problem? Fields(string path, out IReadOnlyList<SecretField> fields)
    {
        path = _environment.PathOf(path.Trim('/'));
        var found = new Dictionary<string, SecretField>(StringComparer.Ordinal);
        foreach (var file in _files)
            foreach (var (name, value) in Below(file, path))
                found.TryAdd(name, SecretField.OfFile(name, value));
        fields = [.. found.Values];
        return fields.Count > 0 ? null : new Problem($"there is no secret {path} in {_names}",
            $"in YAML or JSON {path.Replace("/", ": ")}: NAME: …, in .env {Flat(path, "NAME")}=…");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }

    private static SecretBuffer? Find(SecretFile file, string path, string? field)
    {
        foreach (var place in Places(path))
        {
            if (field is not null && file.Values.TryGetValue($"{place}/{field}", out var inTree)) return inTree;
            if (file.Values.TryGetValue(Flat(place, field), out var flat)) return flat;
            // Only where it cannot be another's is the one field of a secret taken without its name.
            if (field is null && Below(file, place).ToList() is [var (_, only)]) return only;
        }
        return null;
    }

    private static IEnumerable<(string Name, SecretBuffer Value)> Below(SecretFile file, string path)
    {
        foreach (var place in Places(path))
        {
            var (tree, flat, any) = (place + "/", Flat(place, ""), false);
            foreach (var (name, value) in file.Values)
            {
                var rest = name.StartsWith(tree, StringComparison.Ordinal) ? name[tree.Length..]
                    : name.StartsWith(flat, StringComparison.Ordinal) ? name[flat.Length..] : "";
                if (rest.Length == 0 || rest.Contains('/')) continue;
                any = true;
                yield return (rest, value);
            }
            if (any) yield break;
        }
    }

    // With the mount, and without it: a project's own file need not name it.
    private static IEnumerable<string> Places(string path)
    {
        yield return path;
        if (path.IndexOf('/') is > 0 and var slash) yield return path[(slash + 1)..];
    }

    private static string Flat(string path, string? field) =>
        EnvironmentPlan.NameOf(field is null ? path : $"{path}/{field}", "");
}
