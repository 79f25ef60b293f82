<?php
// Installs the site and its users through WordPress's own functions, as its set-up page and wp-cli would.
$_SERVER['HTTP_HOST'] = parse_url(getenv('HUB_TESTS_URL'), PHP_URL_HOST) . ':' . parse_url(getenv('HUB_TESTS_URL'), PHP_URL_PORT);
$_SERVER['REQUEST_METHOD'] = 'GET';
define('WP_INSTALLING', true);
require getenv('HUB_TESTS_DIR') . '/site/wp-load.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
wp_install('Test blog', 'admin', 'admin@test.invalid', true, '', 'admin-pass');

global $wp_rewrite;
$wp_rewrite->set_permalink_structure('/%year%/%monthnum%/%postname%/');
flush_rewrite_rules();
// Comments appear at once, the setting under which most of the tests read them; a test that wants one held says so.
update_option('comment_moderation', '0');
update_option('comment_previously_approved', '0');
update_option('thread_comments', '1');

$passwords = [];
foreach (['admin' => '', 'editor' => 'editor', 'author' => 'author', 'alice' => 'subscriber', 'bob' => 'subscriber'] as $name => $role) {
    $user = get_user_by('login', $name);
    $id = $user ? $user->ID : wp_insert_user([
        'user_login' => $name, 'user_pass' => "$name-pass", 'user_email' => "$name@test.invalid", 'role' => $role,
    ]);
    [$password] = WP_Application_Passwords::create_new_application_password($id, ['name' => 'tests']);
    $passwords[$name] = ['id' => $id, 'app_password' => $password];
}
echo json_encode(['version' => get_bloginfo('version'), 'users' => $passwords]);
