using Kist.Kernel.Hcl;

namespace Kist.Kernel.Policies;

/// <summary>Turns a parsed document into rules, refusing every key and value that Vault refuses.</summary>
internal sealed class PolicyReader
{
    private const string KnownCapabilities =
        "create, read, update, patch, delete, list, sudo, deny, subscribe, recover";

    private static readonly HashSet<string> RuleKeys =
    [
        "comment", "policy", "capabilities", "allowed_parameters", "denied_parameters", "required_parameters",
        "min_wrapping_ttl", "max_wrapping_ttl", "mfa_methods", "control_group", "subscribe_event_types",
    ];

    private readonly List<PolicyRule> _rules = [];
    private readonly List<string> _warnings = [];
    private HclError? _error;

    private PolicyReader()
    {
    }

    internal static (PolicyDocument?, HclError?) Read(string text, HclObject root)
    {
        var reader = new PolicyReader();
        foreach (var member in root.Members)
        {
            if (member.Key is not ("name" or "path"))
                reader.Fail("only 'path' and 'name' may stand here", member.Position);
            if (member.Key == "name" && member.Value is not HclString)
                reader.Fail("'name' must be a string", member.Position);
        }
        foreach (var block in root.Blocks("path", labels: 1))
        {
            reader.ReadRule(block);
            if (reader._error is not null) break;
        }
        return reader._error is { } error
            ? (null, error)
            : (new PolicyDocument(text, reader._rules, reader._warnings), null);
    }

    private void Fail(string message, HclPosition position) => _error ??= new HclError(message, position);

    private void ReadRule(HclBlock block)
    {
        if (block is not { Body: { } body, Labels: [var label] })
        {
            Fail("expected: path \"…\" { … }", block.Position);
            return;
        }
        foreach (var member in body.Members)
            if (!RuleKeys.Contains(member.Key)) Fail("unknown key in a path stanza", member.Position);
        var path = PathTemplate.Parse(label);
        var pattern = PathPattern.Parse(label);
        if (path is null) Fail("unbalanced templating characters in the path", block.Position);
        if (pattern is null) Fail("a path may not contain '+*'", block.Position);

        var permissions = ReadPermissions(body, block.Position);
        if (_error is not null) return;
        _rules.Add(new PolicyRule(path!, path!.HasDirectives ? null : pattern, permissions));
        WarnOf(body, "mfa_methods");
        WarnOf(body, "control_group");
    }

    private Permissions ReadPermissions(HclObject body, HclPosition position)
    {
        var capabilities = ReadCapabilities(body);
        var min = ReadDuration(body, "min_wrapping_ttl");
        var max = ReadDuration(body, "max_wrapping_ttl");
        if (min > TimeSpan.Zero && max > TimeSpan.Zero && max < min)
            Fail("max_wrapping_ttl cannot be less than min_wrapping_ttl", position);
        var parameters = ParameterConstraints.Create(
            ReadParameters(body, "allowed_parameters"),
            ReadParameters(body, "denied_parameters"),
            ReadStrings(body, "required_parameters"));
        return (capabilities & Capabilities.Deny) != 0
            ? Permissions.Denied
            : new Permissions(capabilities, min, max, parameters);
    }

    private Capabilities ReadCapabilities(HclObject body)
    {
        var all = ReadOldPolicy(body.Find("policy"));
        if (body.Find("capabilities") is not { } value) return all;
        if (value is not HclList list)
        {
            Fail("capabilities must be a list of strings", value.Position);
            return all;
        }
        foreach (var item in list.Items)
        {
            var one = item is HclString name ? CapabilityNames.Parse(name.Value) : Capabilities.None;
            if (one == Capabilities.None) Fail($"unknown capability; known are {KnownCapabilities}", item.Position);
            all |= one;
        }
        return all;
    }

    private Capabilities ReadOldPolicy(HclValue? value)
    {
        const Capabilities read = Capabilities.Read | Capabilities.List;
        const Capabilities write = read | Capabilities.Create | Capabilities.Update | Capabilities.Delete;
        switch ((value as HclString)?.Value)
        {
            case "read": return read;
            case "write": return write;
            case "sudo": return write | Capabilities.Sudo;
            case "deny": return Capabilities.Deny;
            case "": return Capabilities.None;
            default:
                if (value is not null) Fail("policy must be read, write, sudo or deny", value.Position);
                return Capabilities.None;
        }
    }

    private TimeSpan ReadDuration(HclObject body, string key)
    {
        if (body.Find(key) is not { } value) return default;
        var text = value switch { HclString s => s.Value, HclNumber n => n.Text, _ => null };
        if (!PolicyDuration.TryParse(text, out var duration))
            Fail($"{key} must be seconds or a duration such as \"5m\"", value.Position);
        return duration;
    }

    private Dictionary<string, ParameterValue[]> ReadParameters(HclObject body, string key)
    {
        var all = new Dictionary<string, ParameterValue[]>(StringComparer.Ordinal);
        var value = body.Find(key);
        if (value is null) return all;
        foreach (var block in body.Blocks(key, labels: 0))
        {
            foreach (var member in block.Body?.Members ?? [])
            {
                if (member.Value is not HclList list) Fail($"each of {key} must be a list of values", member.Position);
                else if (!all.TryAdd(member.Key.ToLowerInvariant(), [.. list.Items.Select(ParameterValue.Of)]))
                    Fail($"a parameter stands twice in {key}", member.Position);
            }
            if (block.Body is null) Fail($"{key} must map names to lists of values", block.Position);
        }
        return all;
    }

    private List<string> ReadStrings(HclObject body, string key)
    {
        var all = new List<string>();
        if (body.Find(key) is not { } value) return all;
        if (value is HclList list)
        {
            foreach (var item in list.Items)
            {
                if (item is HclString text) all.Add(text.Value);
                else Fail($"{key} must be a list of strings", item.Position);
            }
        }
        else Fail($"{key} must be a list of strings", value.Position);
        return all;
    }

    private void WarnOf(HclObject body, string key)
    {
        if (body.Find(key) is { } value)
            _warnings.Add($"line {value.Position.Line}: {key} is not enforced by this server");
    }
}
