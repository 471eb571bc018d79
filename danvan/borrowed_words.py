"""Words on our pages that others wrote and left in English, marked here so that our own catalogue translates them.

Django's Vietnamese lacks the newer ones; django-mptt and django-import-export have none. Two of Django's are worded anew, and so is
what addresses its reader as nobody addresses an official.
"""

from django.utils.translation import gettext_noop as _
from django.utils.translation import ngettext_lazy

DJANGO = (
    _("…"),
    _("That page number is not an integer"),
    _("That page number is less than 1"),
    _("That page contains no results"),
    _("Enter a valid “slug” consisting of letters, numbers, underscores or hyphens."),
    _("Ensure this value is a multiple of step size %(limit_value)s."),
    _("Null characters are not allowed."),
    _("Constraint “%(name)s” is violated."),
    _("“%(value)s” value must be either True or False."),
    _("“%(value)s” value has an invalid date format. It must be in YYYY-MM-DD format."),
    _("“%(value)s” value must be a decimal number."),
    _("“%(value)s” value must be an integer."),
    _("Value must be valid JSON."),
    _("Enter a valid JSON."),
    _("%(model)s instance with %(field)s %(value)r is not a valid choice."),
    _(
        "ManagementForm data is missing or has been tampered with. "
        "Missing fields: %(field_names)s. You may need to file a bug report if the issue persists."
    ),
    _("The inline value did not match the parent instance."),
    _("“%(pk)s” is not a valid value."),
    _("Forbidden"),
    _("CSRF verification failed. Request aborted."),
    _("Invalid date string “%(datestr)s” given format “%(format)s”"),
    ngettext_lazy("%(num)d year", "%(num)d years"),
    ngettext_lazy("%(num)d month", "%(num)d months"),
    ngettext_lazy("%(num)d week", "%(num)d weeks"),
    ngettext_lazy("%(num)d day", "%(num)d days"),
    ngettext_lazy("%(num)d hour", "%(num)d hours"),
    ngettext_lazy("%(num)d minute", "%(num)d minutes"),
    _("Sessions"),
    ngettext_lazy("Please correct the error below.", "Please correct the errors below."),
    _("History"),
    _(" By %(filter_title)s "),
)

DJANGO_ADMIN = (
    _("Select this object for an action - {}"),
    _("Breadcrumbs"),
    _("Model name"),
    _("Add link"),
    _("Change or view list link"),
    _("After you’ve created a user, you’ll be able to edit more user options."),
    _("Error:"),
    _("Set password"),
    _("This action will <strong>enable</strong> password-based authentication for this user."),
    _("Disable password-based authentication"),
    _("Enable password-based authentication"),
    _("Skip to main content"),
    _("Hide counts"),
    _("Show counts"),
    _("Toggle theme (current theme: auto)"),
    _("Toggle theme (current theme: light)"),
    _("Toggle theme (current theme: dark)"),
    _("Added:"),
    _("Changed:"),
    _("Deleted:"),
    _("Forgotten your login credentials?"),
    _("Toggle navigation"),
    _("Sidebar"),
    _("Filter navigation items"),
    ngettext_lazy("entry", "entries"),
    _("View selected %(model)s"),
    _("In case you’ve forgotten, you are:"),
    _("Select all objects on this page for an action"),
)

DJANGO_AUTH = (
    _("Conflicting form data submitted. Please try again."),
    _("Password-based authentication was disabled."),
    _("Set password: %s"),
    _("Reset password"),
    _(
        "Whether the user will be able to authenticate using a password or not. "
        "If disabled, they may still be able to authenticate using other backends, such as Single Sign-On or LDAP."
    ),
    _("Password-based authentication"),
    _("Enabled"),
    _("Disabled"),
    _("Raw passwords are not stored, so there is no way to see the user’s password."),
    _("Enable password-based authentication for this user by setting a password."),
    ngettext_lazy(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
    ),
    _(
        "Enter a valid username. This value may contain only unaccented lowercase a-z and uppercase A-Z letters, "
        "numbers, and @/./+/-/_ characters."
    ),
)

#: Django's Vietnamese says “bạn” here, to everybody
ADDRESSING_THE_READER = (
    _("Welcome,"),
    _("Go"),
    _('Are you sure you want to delete the %(object_name)s "%(escaped_object)s"? All of the following related items will be deleted:'),
    _(
        "Are you sure you want to delete the selected %(objects_name)s? All of the following objects and their related "
        "items will be deleted:"
    ),
    _("Delete?"),
    _(
        "Deleting the %(object_name)s '%(escaped_object)s' would result in deleting related objects, but your account "
        "doesn't have permission to delete the following types of objects:"
    ),
    _(
        "Deleting the selected %(objects_name)s would result in deleting related objects, but your account doesn't have "
        "permission to delete the following types of objects:"
    ),
    _("Designates whether this user should be treated as active. Unselect this instead of deleting accounts."),
    _("Forgotten your password? Enter your email address below, and we’ll email instructions for setting a new one."),
    _("If you don’t receive an email, please make sure you’ve entered the address you registered with, and check your spam folder."),
    _("Please enter the correct %(username)s and password for a staff account. Note that both fields may be case-sensitive."),
    _("Please enter your new password twice so we can verify you typed it in correctly."),
    _(
        "Please enter your old password, for security’s sake, and then enter your new password twice so we can verify you "
        "typed it in correctly."
    ),
    _(
        "Something’s wrong with your database installation. Make sure the appropriate database tables have been created, "
        "and make sure the database is readable by the appropriate user."
    ),
    _("Thanks for spending some quality time with the web site today."),
    _("Thanks for using our site!"),
    _("The {name} “{obj}” was added successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may add another {name} below."),
    _("The {name} “{obj}” was changed successfully. You may edit it again below."),
    _(
        "There’s been an error. It’s been reported to the site administrators via email and should be fixed shortly. Thanks "
        "for your patience."
    ),
    _("Upload a valid image. The file you uploaded was either not an image or a corrupted image."),
    _(
        "We’ve emailed you instructions for setting your password, if an account exists with the email you entered. You "
        "should receive them shortly."
    ),
    _("You are authenticated as %(username)s, but are not authorized to access this page. Would you like to login to a different account?"),
    _("You don’t have permission to view or edit anything."),
    _("You may edit it again below."),
    _("You're receiving this email because you requested a password reset for your user account at %(site_name)s."),
    _("Your password can’t be a commonly used password."),
    _("Your password can’t be entirely numeric."),
    _("Your password can’t be too similar to your other personal information."),
    _("Your password has been set.  You may go ahead and log in now."),
    ngettext_lazy(
        "Your password must contain at least %(min_length)d character.", "Your password must contain at least %(min_length)d characters."
    ),
    _("Your password was changed."),
)

MPTT = (
    _("Successfully deleted %(count)d items."),
    _("Delete selected %(verbose_name_plural)s"),
    _("title"),
    _("All"),
    _("First child"),
    _("Last child"),
    _("Left sibling"),
    _("Right sibling"),
    _("Invalid parent"),
    _("An invalid position was given: %s."),
    _("A node may not be made a sibling of itself."),
    _("A node may not be made a child of itself."),
    _("A node may not be made a child of any of its descendants."),
    _("A node may not be made a sibling of any of its descendants."),
)

IMPORT_EXPORT = (
    _("Import"),
    _("%s through import_export"),
    _("Import finished: {} new, {} updated, {} deleted and {} skipped {}."),
    _("%(exc_name)s encountered while trying to read file. Ensure you have chosen the correct format for the file."),
    _("No valid data to import. Ensure your file has the correct headers or data for import."),
    _("Export"),
    _("Export selected %(verbose_name_plural)s"),
    _("export failed due to IllegalCharacterError"),
    _("Resource"),
    _("Format"),
    _("File to import"),
    _('Select at least 1 field for "%(resource_name)s" to export'),
    _("The following fields are declared in 'import_id_fields' but are not present in the resource fields: %s"),
    _("The following fields are declared in 'import_id_fields' but are not present in the file headers: %s"),
    _("Home"),
    ngettext_lazy("Export %(len)s selected item.", "Export %(len)s selected items."),
    _("This exporter will export the following fields: "),
    _("Select all"),
    _("Submit"),
    _("Below is a preview of data to be imported. If you are satisfied with the results, click 'Confirm import'"),
    _("Confirm import"),
    _("Errors"),
    _("Line number"),
    _("Some rows failed to validate"),
    _("Please correct these errors in your data where possible, then reupload it using the form above."),
    _("Row"),
    _("Non field specific"),
    _("Preview"),
    _("New"),
    _("Skipped"),
    _("Delete"),
    _("Update"),
    _("This importer will import the following fields: "),
    _("Value could not be parsed."),
)
